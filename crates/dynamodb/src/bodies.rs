//! The bodies of events that the feed names: read by their keys, or by a range where many of a stream follow each other.
//!
//! An event never changes, so a body that was found is right however old the read is: at half the price first, and what is not
//! there yet once more, consistently. One reader of a process fetches; the others find what he fetched.

use std::collections::HashMap;
use std::sync::Arc;

use annals_core::{RecordedEvent, StreamId, Version};

use crate::database::Database;
use crate::event_item;
use crate::fault::Fault;
use crate::item::{self, Item};
use crate::log::{Entry, Log};
use crate::read::{Freshness, Query};
use crate::tables::Table;

/// From so many events of a stream on, a range is asked for.
const RANGE_MIN: usize = 9;

type Found = HashMap<(StreamId, Version), Arc<RecordedEvent>>;

impl Log {
    /// Reads the bodies of these events, given in feed order, as far as they are not there.
    pub(crate) async fn load(&self, wanted: &[(Arc<Entry>, usize)]) -> Result<(), Fault> {
        let is_missing = |(entry, index): &&(Arc<Entry>, usize)| entry.body(*index).is_none();
        let mut entries: Vec<&Arc<Entry>> =
            wanted.iter().filter(is_missing).map(|(entry, _)| entry).collect();
        entries.dedup_by_key(|entry| entry.batch.number);
        if entries.is_empty() {
            return Ok(());
        }
        // In the order of their numbers, so that two readers never wait for each other.
        let mut held = Vec::with_capacity(entries.len());
        for entry in &entries {
            held.push(entry.loading.lock().await);
        }
        let missing: Vec<_> = wanted.iter().filter(is_missing).collect();
        let names: Vec<(StreamId, Version)> = missing
            .iter()
            .filter_map(|(entry, index)| entry.name(*index))
            .map(|(span, version, _)| (span.stream.clone(), version))
            .collect();
        let mut found = fetch(&self.database, &names, Freshness::Eventual).await?;
        let left: Vec<_> = names.into_iter().filter(|name| !found.contains_key(name)).collect();
        if !left.is_empty() {
            found.extend(fetch(&self.database, &left, Freshness::Consistent).await?);
        }
        for (entry, index) in missing {
            let Some((span, version, id)) = entry.name(*index) else { continue };
            let wrong =
                |what: &str| Fault::damaged(format!("{} {version} is in the feed, {what}", span.stream));
            let body = found.get(&(span.stream.clone(), version)).ok_or_else(|| wrong("and is no event"))?;
            if body.header.id != id {
                return Err(wrong("under another event's id"));
            }
            entry.set_body(*index, body.clone());
        }
        for entry in entries {
            self.weigh(entry);
        }
        Ok(())
    }
}

async fn fetch(
    database: &Database,
    names: &[(StreamId, Version)],
    freshness: Freshness,
) -> Result<Found, Fault> {
    let mut keys = Vec::new();
    let mut items = Vec::new();
    for run in names.chunk_by(|(stream, version), next| *stream == next.0 && version.next() == next.1) {
        match run {
            [(stream, first), .., (_, last)] if run.len() >= RANGE_MIN => {
                let query = range(stream, *first, *last, freshness);
                items.extend(database.query_up_to(query, usize::MAX).await?.items);
            }
            few => keys.extend(few.iter().map(|(stream, version)| key(stream, *version))),
        }
    }
    if !keys.is_empty() {
        items.extend(database.batch_get(Table::Events, keys, freshness).await?);
    }
    let read = |item: &Item| {
        let event = event_item::decode(item)?;
        Ok(((event.header.stream.clone(), event.header.version), Arc::new(event)))
    };
    items.iter().map(read).collect()
}

/// An event's key.
pub(crate) fn key(stream: &StreamId, version: Version) -> Item {
    Item::from([
        ("AggregateId".to_owned(), item::text(stream.as_str())),
        ("Version".to_owned(), item::number(version.get())),
    ])
}

/// The events of a stream from one version to another.
pub(crate) fn range(stream: &StreamId, from: Version, to: Version, freshness: Freshness) -> Query {
    let mut query = Query::new(Table::Events, "#stream = :stream AND #version BETWEEN :from AND :to")
        .name("#stream", "AggregateId")
        .name("#version", "Version")
        .value(":stream", item::text(stream.as_str()))
        .value(":from", item::number(from.get()))
        .value(":to", item::number(to.get()));
    query.freshness = freshness;
    query
}
