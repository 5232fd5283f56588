//! What views tell against history and against themselves: checkpoints and waiting events that are not there (F09), counts
//! that are not those of what is kept, and items that no view owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use annals_core::{StreamId, Version};
use annals_ports::{EventFeed, FeedQuery, Finding, Parked, StoreError, ViewId};

use crate::DynamoStore;
use crate::check_history::{Scan, events};
use crate::database::Database;
use crate::fault::Fault;
use crate::item::{self, Attributes, Item};
use crate::read::{Found, Query};
use crate::tables::Table;
use crate::view_cells::{Cell, Seen};
use crate::view_items;
use crate::view_reads;
use crate::view_standing::{Moment, Standing};

/// How often a view is counted that changes meanwhile.
const COUNTS: usize = 3;

/// Why a view is ahead of history.
pub(crate) enum Ahead {
    /// Its checkpoint is no place in the feed.
    Checkpoint(String),
    /// It waits for the route of an event that is not there.
    Waits(StreamId, Version),
}

impl Ahead {
    /// A finding with its stream and version.
    pub(crate) fn place(&self, finding: Finding) -> Finding {
        match self {
            Self::Checkpoint(_) => finding,
            Self::Waits(stream, version) => finding.of_stream(stream).at(*version),
        }
    }
}

impl fmt::Display for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint(problem) => f.write_str(problem),
            Self::Waits(..) => f.write_str("it waits in the view, and is not there"),
        }
    }
}

/// What shows that a view is ahead of history.
pub(crate) async fn ahead(store: &DynamoStore, standing: &Standing) -> Result<Vec<Ahead>, Fault> {
    let mut problems = Vec::new();
    let position = match standing.position() {
        Ok(Some(position)) => position,
        Ok(None) => return Ok(problems),
        Err(fault) => return Ok(vec![Ahead::Checkpoint(fault.detail)]),
    };
    // The feed itself proves that a position stands.
    match store.next(&FeedQuery::all().limit(1), &position, Duration::ZERO).await {
        Ok(_) => {}
        Err(StoreError::PositionLost { position }) => {
            let problem = format!("its checkpoint {position} names an event that is not there");
            problems.push(Ahead::Checkpoint(problem));
        }
        Err(error @ StoreError::WrongStore { .. }) => problems.push(Ahead::Checkpoint(error.to_string())),
        Err(error) => return Err(Fault::refused(error.to_string())),
    }
    let moment = store.shared.numbers.moment(store.database(), standing.clone()).await?;
    let waiting = waiting(store.database(), &moment).await?;
    let places: Vec<_> = waiting.iter().map(|parked| (parked.stream.clone(), parked.version)).collect();
    let found = events(store.database(), places.iter()).await?;
    let missing: BTreeSet<_> = places.into_iter().filter(|place| !found.contains_key(place)).collect();
    problems.extend(missing.into_iter().map(|(stream, version)| Ahead::Waits(stream, version)));
    Ok(problems)
}

/// All that waits in a view.
async fn waiting(database: &Database, moment: &Moment) -> Result<Vec<Parked>, Fault> {
    let mut waiting = Vec::new();
    for part in moment.parts.all_parked() {
        let mut pages = Pages::of(&part);
        while let Some(items) = pages.next(database).await? {
            for item in items {
                if let Seen::Version(_) = Cell::read(&item)?.seen(moment) {
                    waiting.extend(view_items::parked_of(item.text("Sort")?));
                }
            }
        }
    }
    Ok(waiting)
}

/// How a view's counts differ from what it keeps. A view that never stands still is not told of.
pub(crate) async fn miscounted(store: &DynamoStore, standing: &Standing) -> Result<Vec<String>, Fault> {
    let database = store.database();
    let mut standing = Some(standing.clone()).filter(Standing::is_begun);
    for _ in 0..COUNTS {
        let Some(begun) = standing else { return Ok(Vec::new()) };
        let moment = store.shared.numbers.moment(database, begun.clone()).await?;
        let counted = [
            count(database, &moment, &moment.parts.rows()).await?,
            count(database, &moment, &moment.parts.all_parked()).await?,
        ];
        standing = view_reads::standing(database, &begun.view).await?.filter(Standing::is_begun);
        let is_still = |now: &Standing| (now.generation, now.seq) == (begun.generation, begun.seq);
        if standing.as_ref().is_some_and(is_still) {
            let said = [(begun.rows, "rows"), (begun.parked, "waiting events")];
            let differs = said.into_iter().zip(counted).filter(|((said, _), counted)| said != counted);
            let problem = |((said, what), counted)| format!("it counts {said} {what} and has {counted}");
            return Ok(differs.map(problem).collect());
        }
    }
    Ok(Vec::new())
}

async fn count(database: &Database, moment: &Moment, parts: &[String]) -> Result<u64, Fault> {
    let mut count = 0;
    for part in parts {
        let mut pages = Pages::of(part);
        while let Some(items) = pages.next(database).await? {
            for item in &items {
                count += u64::from(Cell::read(item)?.seen(moment).version().is_some());
            }
        }
    }
    Ok(count)
}

/// The items of a part, page after page.
struct Pages(Option<Query>);

impl Pages {
    fn of(part: &str) -> Self {
        let query = Query::new(Table::Views, "#part = :part").name("#part", "Part");
        Self(Some(query.value(":part", item::text(part))))
    }

    async fn next(&mut self, database: &Database) -> Result<Option<Vec<Item>>, Fault> {
        let Some(mut query) = self.0.take() else { return Ok(None) };
        let Found { items, last } = database.query(&query).await?;
        if last.is_some() {
            query.from = last;
            self.0 = Some(query);
        }
        Ok(Some(items))
    }
}

/// Parts of no generation that a view is in or is swept of, and how many items lie there.
pub(crate) async fn orphans(store: &DynamoStore) -> Result<Vec<(String, u64)>, Fault> {
    let database = store.database();
    let mut parts: BTreeSet<String> = BTreeSet::new();
    let mut scan = Scan::of(database, Table::Views, &["Part"]);
    while let Some(items) = scan.next().await? {
        for item in &items {
            let part = item.text("Part")?;
            if !part.starts_with('$') && !parts.contains(part) {
                parts.insert(part.to_owned());
            }
        }
    }
    // Looked at after the parts, and the parts once more after it: what was swept meanwhile is gone then.
    let mut owned: BTreeMap<ViewId, BTreeSet<u64>> = BTreeMap::new();
    for standing in store.standings().await? {
        let generations = standing.dead.iter().copied().chain([standing.generation]).collect();
        owned.insert(standing.view, generations);
    }
    let is_owned = |part: &String| {
        view_items::owner(part)
            .is_some_and(|(view, generation)| owned.get(&view).is_some_and(|all| all.contains(&generation)))
    };
    let mut orphans = Vec::new();
    for part in parts.into_iter().filter(|part| !is_owned(part)) {
        let mut pages = Pages::of(&part);
        let mut items = 0;
        while let Some(page) = pages.next(database).await? {
            items += page.len() as u64;
        }
        if items > 0 {
            orphans.push((part, items));
        }
    }
    Ok(orphans)
}
