//! What the events table tells against itself, and the snapshots against it: commits that are not whole (A01), markers of
//! what did not happen (A12), snapshots of events that are not there (S03).

use std::collections::{HashMap, HashSet};

use annals_core::{CommitId, Digest, StreamId, Version};

use crate::database::Database;
use crate::event_item;
use crate::fault::Fault;
use crate::item::{self, Attributes, Item};
use crate::marker::{self, Marked};
use crate::read::Freshness;
use crate::snapshots;
use crate::tables::Table;

/// How the ids begin that markers stand under.
const MARKER: &str = "$commit#";

/// What is wrong with commits.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Commits of which some events are there: how many, and of how many.
    pub(crate) torn: Vec<(CommitId, u64, u64)>,
    /// Commits whose markers say what did not happen, and what that is.
    pub(crate) markers: Vec<(CommitId, String)>,
}

/// An item for each item of a table, page after page.
pub(crate) struct Scan<'a> {
    database: &'a Database,
    table: Table,
    names: &'a [&'a str],
    from: Option<Item>,
    is_at_end: bool,
}

impl<'a> Scan<'a> {
    /// Of these attributes.
    pub(crate) fn of(database: &'a Database, table: Table, names: &'a [&'a str]) -> Self {
        Self { database, table, names, from: None, is_at_end: false }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Item>>, Fault> {
        if self.is_at_end {
            return Ok(None);
        }
        let found = self.database.scan(self.table, (0, 1), self.names, self.from.take()).await?;
        self.is_at_end = found.last.is_none();
        self.from = found.last;
        Ok(Some(found.items))
    }
}

/// Compares commits and markers with the events that are there.
pub(crate) async fn history(database: &Database) -> Result<History, Fault> {
    let mut history = History::default();
    // Commits of which not all events were seen yet, and those that have none by their markers.
    let mut open: HashMap<CommitId, (u64, u64)> = HashMap::new();
    let mut empty: HashSet<CommitId> = HashSet::new();
    let names = ["AggregateId", "Version", "CommitId", "CommitSize", "Kind", "Places", "Reason", "By"];
    let mut scan = Scan::of(database, Table::Events, &names);
    while let Some(items) = scan.next().await? {
        let mut placed = Vec::new();
        for item in items {
            match marked(&item)? {
                Some((commit, Marked::Events(places))) => placed.push((commit, places)),
                Some((commit, _)) => drop(empty.insert(commit)),
                None if event_item::is_event(&item) => count(&mut open, &item)?,
                None => {}
            }
        }
        for (commit, places) in placed {
            let places: Vec<_> = places.iter().flat_map(marker::Places::each).collect();
            let found = events(database, places.iter()).await?;
            let is_there = |place| found.get(place).is_some_and(|event| event.0 == commit);
            if !places.iter().all(is_there) {
                history.markers.push((commit, "is kept, and its events are not there".to_owned()));
            }
        }
    }
    if !open.is_empty() || !empty.is_empty() {
        look_again(database, open, empty, &mut history).await?;
    }
    Ok(history)
}

/// Counts again the events of commits that were not seen whole, which may have come while the table was read, and finds
/// those of commits that should have none.
async fn look_again(
    database: &Database,
    open: HashMap<CommitId, (u64, u64)>,
    empty: HashSet<CommitId>,
    history: &mut History,
) -> Result<(), Fault> {
    let mut found: HashMap<CommitId, (u64, u64)> =
        open.into_iter().map(|(commit, (_, size))| (commit, (0, size))).collect();
    let mut contradicted: HashSet<CommitId> = HashSet::new();
    let mut scan = Scan::of(database, Table::Events, &["AggregateId", "CommitId"]);
    while let Some(items) = scan.next().await? {
        for item in items.iter().filter(|item| event_item::is_event(item)) {
            let commit = event_item::commit_id(item)?;
            if let Some((count, _)) = found.get_mut(&commit) {
                *count += 1;
            }
            if empty.contains(&commit) {
                contradicted.insert(commit);
            }
        }
    }
    let torn = found.into_iter().filter(|(_, (count, size))| count != size);
    history.torn.extend(torn.map(|(commit, (count, size))| (commit, count, size)));
    history.torn.sort_unstable();
    let problem = || "is kept as an outcome without events, and has some".to_owned();
    history.markers.extend(contradicted.into_iter().map(|commit| (commit, problem())));
    Ok(())
}

/// The commit and the marker that an item is.
fn marked(item: &Item) -> Result<Option<(CommitId, Marked)>, Fault> {
    let Some(commit) = item.text("AggregateId")?.strip_prefix(MARKER) else { return Ok(None) };
    let commit = commit.parse();
    let commit =
        commit.map_err(|_| Fault::damaged("a commit's marker stands under what is no commit's id"))?;
    Ok(Some((commit, marker::read(item)?.what)))
}

fn count(open: &mut HashMap<CommitId, (u64, u64)>, item: &Item) -> Result<(), Fault> {
    let size: u64 = item.number("CommitSize")?;
    if size == 1 {
        return Ok(());
    }
    let commit = event_item::commit_id(item)?;
    let (count, _) = open.entry(commit).or_insert((0, size));
    *count += 1;
    if *count == size {
        open.remove(&commit);
    }
    Ok(())
}

/// A place in history, and the commit and the digest of the event that stands there.
type Events = HashMap<(StreamId, Version), (CommitId, Digest)>;

/// The events at these places, as far as there are any.
pub(crate) async fn events<'a>(
    database: &Database,
    places: impl Iterator<Item = &'a (StreamId, Version)>,
) -> Result<Events, Fault> {
    let wanted: HashSet<&(StreamId, Version)> = places.collect();
    let key = |(stream, version): &(StreamId, Version)| {
        Item::from([
            ("AggregateId".to_owned(), item::text(stream.as_str())),
            ("Version".to_owned(), item::number(version.get())),
        ])
    };
    let keys = wanted.into_iter().map(key).collect();
    let found = database.batch_get(Table::Events, keys, Freshness::Consistent).await?;
    let read = |item: &Item| {
        let place = (event_item::stream(item)?, event_item::version(item)?);
        Ok((place, (event_item::commit_id(item)?, event_item::digest(item)?)))
    };
    found.iter().map(read).collect()
}

/// Streams whose snapshots are of events that are not there, or have another digest.
pub(crate) async fn snapshots_ahead(database: &Database) -> Result<Vec<(StreamId, Version)>, Fault> {
    let mut ahead = Vec::new();
    let mut scan = Scan::of(database, Table::Snapshots, &["AggregateId", "Version", "Timestamp", "Digest"]);
    while let Some(items) = scan.next().await? {
        let mut heads = Vec::with_capacity(items.len());
        for item in &items {
            let head = snapshots::head(item)?;
            heads.push(((event_item::stream(item)?, head.version), head.digest));
        }
        let found = events(database, heads.iter().map(|(place, _)| place)).await?;
        for (place, digest) in heads {
            if found.get(&place).is_none_or(|event| event.1 != digest) {
                ahead.push(place);
            }
        }
    }
    Ok(ahead)
}
