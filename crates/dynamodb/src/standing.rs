//! What stands under a commit's id: found by its marker, or at the places that the commit's own value names.

use std::collections::BTreeSet;
use std::time::Duration;

use annals_core::{CommitId, StreamId, Version};
use annals_ports::{Commit, RecordedCommit};

use crate::DynamoStore;
use crate::event_item;
use crate::fault::Fault;
use crate::heads::Known;
use crate::item::{Attributes, Item};
use crate::marker::{self, Marked, Marker, Places};
use crate::patience::Patience;
use crate::read::Freshness;
use crate::tables::Table;

/// For how long a commit's events may be on their way once one of them is seen.
const ON_THEIR_WAY: Duration = Duration::from_secs(1);

type Place = (StreamId, Version);

impl DynamoStore {
    pub(crate) async fn marker_of(&self, id: CommitId) -> Result<Option<Marker>, Fault> {
        let found = self.database().get(Table::Events, &marker::key(id), Freshness::Consistent).await?;
        found.as_ref().map(marker::read).transpose()
    }

    /// The marker under a commit's id, and an event that bears it at a place that the commit's own value names.
    pub(crate) async fn look_up(&self, commit: &Commit) -> Result<(Option<Marker>, Option<Item>), Fault> {
        let places = places_named(commit);
        let mut keys: Vec<_> =
            places.iter().map(|(stream, version)| event_item::key(stream, *version)).collect();
        keys.push(marker::key(commit.id()));
        let found = self.database().batch_get(Table::Events, keys, Freshness::Consistent).await?;
        let marker = found.iter().find(|item| !event_item::is_event(item)).map(marker::read).transpose()?;
        let event = found.into_iter().find(|item| is_of(item, commit.id()));
        Ok((marker, event))
    }

    /// What a marker stands for.
    pub(crate) async fn marked(&self, id: CommitId, marker: Marker) -> Result<RecordedCommit, Fault> {
        let places: BTreeSet<Place> = match marker.what {
            Marked::Refusal(reason) => return Ok(RecordedCommit::Refusal { id, reason }),
            Marked::Unchanged => return Ok(RecordedCommit::Unchanged { id }),
            Marked::Events(places) => places.iter().flat_map(Places::each).collect(),
        };
        let mut patience = Patience::of(ON_THEIR_WAY);
        loop {
            let mut found = self.standing_at(&places).await?;
            found.retain(|item| is_of(item, id));
            if found.len() == places.len() {
                return self.in_order(found);
            }
            if !patience.wait().await {
                let detail = format!("commit {id} is marked as done, and not all of its events are there");
                return Err(Fault::damaged(detail));
            }
        }
    }

    /// The whole of the commit that `found` is an event of, which bears the id of `commit`: at the places that this names,
    /// or beside it. None when it has events elsewhere, and so is another commit.
    pub(crate) async fn whole(&self, commit: &Commit, found: &Item) -> Result<Option<RecordedCommit>, Fault> {
        let size: u16 = found.number("CommitSize")?;
        if size == 1 {
            return self.in_order(vec![found.clone()]).map(Some);
        }
        let named = places_named(commit);
        let may_be_it = named.len() == usize::from(size);
        let places = named.into_iter().chain(beside(found, size)?).collect();
        let mut patience = Patience::of(ON_THEIR_WAY);
        loop {
            let found = self.standing_at(&places).await?;
            let is_all_there = found.len() == places.len();
            let own: Vec<_> = found.into_iter().filter(|item| is_of(item, commit.id())).collect();
            if own.len() == usize::from(size) {
                return self.in_order(own).map(Some);
            }
            if is_all_there || !may_be_it || !patience.wait().await {
                return Ok(None);
            }
        }
    }

    /// The items at these places that there are.
    pub(crate) async fn standing_at(&self, places: &BTreeSet<Place>) -> Result<Vec<Item>, Fault> {
        let keys = places.iter().map(|(stream, version)| event_item::key(stream, *version)).collect();
        self.database().batch_get(Table::Events, keys, Freshness::Consistent).await
    }

    /// The events of a commit in its order.
    fn in_order(&self, mut items: Vec<Item>) -> Result<RecordedCommit, Fault> {
        items.sort_by_key(|item| item.number::<u16>("CommitIndex").unwrap_or(u16::MAX));
        let mut events = Vec::with_capacity(items.len());
        for item in &items {
            let event = event_item::decode(item)?;
            self.shared.heads.learn(&event.header.stream, Known::of(item)?);
            events.push(event);
        }
        Ok(RecordedCommit::Events(events))
    }
}

/// Whether an item is an event of this commit.
pub(crate) fn is_of(item: &Item, id: CommitId) -> bool {
    event_item::is_event(item) && event_item::commit_id(item).is_ok_and(|found| found == id)
}

/// The places at which a commit's events stand when they do, as far as its value alone says it.
fn places_named(commit: &Commit) -> BTreeSet<Place> {
    let named = commit.appends().iter().filter_map(|append| Some((append, append.expected.place()?)));
    named
        .flat_map(|(append, first)| {
            (0..append.events.len() as u64).map(move |offset| (append.stream.clone(), first.plus(offset)))
        })
        .collect()
}

/// The places around an event at which its commit stands, when it lies in one stream.
fn beside(found: &Item, size: u16) -> Result<Vec<Place>, Fault> {
    let (stream, version) = (event_item::stream(found)?, event_item::version(found)?);
    let index: u64 = found.number("CommitIndex")?;
    let first = version.get().saturating_sub(index).max(1);
    Ok((first..first + u64::from(size)).map(|version| (stream.clone(), Version::new(version))).collect())
}
