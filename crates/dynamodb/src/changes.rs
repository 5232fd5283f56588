//! The changes of the events table, from its stream: every shard's records in their order, parents before their children.
//!
//! What is given was read once, and is given again after a restart from marks that lie before it. Records that are no longer kept
//! are reported as [`Kind::Trimmed`].

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use annals_core::{RecordedEvent, Timestamp};
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};
use futures::{StreamExt, stream};
use tokio::time::Instant;

use crate::batch::Named;
use crate::database::Database;
use crate::event_item;
use crate::fault::{Fault, Kind};
use crate::item::{Attributes, Item};
use crate::shards::{self, Listed, Mark, Marks, Since};
use crate::streamed;

/// Shards that are read at once.
const AT_ONCE: usize = 16;
/// Shards are listed again so often, and when one ended.
const LIST_EVERY: Duration = Duration::from_secs(30);
/// Between lists for the children of a shard that ended.
const LIST_AGAIN: Duration = Duration::from_secs(1);
/// Records in one answer, the service's own limit, and from how many records or bytes on more are likely to follow.
const RECORDS: i32 = 1_000;
const MANY: (usize, i64) = (500, 512 << 10);

/// A change of the events table.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// An event was put.
    Added(Box<Added>),
    /// Something that history does not allow: in words.
    Alarm(String),
}

/// An event that was put.
#[derive(Clone, Debug)]
pub(crate) struct Added {
    pub(crate) named: Named,
    /// When its predecessor was written.
    pub(crate) previous: Option<Timestamp>,
    /// The event itself, where it could be read.
    pub(crate) event: Option<Arc<RecordedEvent>>,
    /// When the service saw it, rounded down; some emulators round to minutes.
    pub(crate) created: Option<Timestamp>,
    /// Whether it was stamped when it was written.
    pub(crate) is_stamped_now: bool,
}

/// What was read in one round over the shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    pub(crate) changes: Vec<Change>,
    /// Whether every shard was read up to where it went, as far as the size of its answer tells.
    pub(crate) is_at_tip: bool,
    /// Where a shard is behind, the instant at which the last event was written that it gave; the least of all.
    pub(crate) low: Option<Timestamp>,
}

/// Where changes come from. Tests give them by hand.
pub(crate) trait Changes: Send {
    /// What came since the last round; nothing when there is nothing yet.
    fn round(&mut self) -> impl Future<Output = Result<Round, Fault>> + Send;

    /// Behind what was given.
    fn marks(&self) -> Marks;
}

/// The stream of the events table.
pub(crate) struct Stream {
    database: Arc<Database>,
    marks: Marks,
    parents: BTreeMap<String, Option<String>>,
    reading: BTreeMap<String, Reading>,
    listed: Instant,
    is_incomplete: bool,
}

/// A shard that is being read.
#[derive(Clone, Debug, Default)]
struct Reading {
    iterator: Option<String>,
    is_at_tip: bool,
    is_empty: bool,
    last_written: Option<Timestamp>,
}

/// What one request for records gave.
struct Given {
    records: Vec<Record>,
    next: Option<String>,
}

impl Stream {
    /// The stream from these marks on; from the oldest records that are kept when there are none.
    pub(crate) async fn open(database: &Arc<Database>, marks: Option<&Marks>) -> Result<Self, Fault> {
        let listed = list(database).await?;
        let marks = match marks {
            Some(marks) => shards::resolve(marks, &listed, Since::Before)?,
            None => listed.iter().map(|shard| (shard.id.clone(), Mark::Start)).collect(),
        };
        let parents = listed.into_iter().map(|shard| (shard.id, shard.parent)).collect();
        let (database, listed) = (database.clone(), Instant::now());
        Ok(Self { database, marks, parents, reading: BTreeMap::new(), listed, is_incomplete: false })
    }

    /// Looks for shards that came since.
    async fn list_again(&mut self) -> Result<(), Fault> {
        let after = if self.is_incomplete { LIST_AGAIN } else { LIST_EVERY };
        if self.listed.elapsed() < after {
            return Ok(());
        }
        self.list_now().await
    }

    async fn list_now(&mut self) -> Result<(), Fault> {
        let listed = list(&self.database).await?;
        self.marks = shards::resolve(&self.marks, &listed, Since::Now)?;
        self.parents = listed.into_iter().map(|shard| (shard.id, shard.parent)).collect();
        self.listed = Instant::now();
        let is_parent = |id: &String| self.parents.values().flatten().any(|parent| parent == id);
        let ended = |(id, mark): (&String, &Mark)| *mark == Mark::Done && !is_parent(id);
        self.is_incomplete = self.marks.iter().any(ended);
        Ok(())
    }

    /// Takes over what a shard gave.
    fn took(&mut self, id: &str, given: Given, round: &mut Round) {
        let reading = self.reading.entry(id.to_owned()).or_default();
        let bytes: i64 = given.records.iter().filter_map(|record| record.dynamodb.as_ref()?.size_bytes).sum();
        reading.is_at_tip = given.records.len() < MANY.0 && bytes < MANY.1;
        reading.is_empty = given.records.is_empty();
        for record in &given.records {
            if let Some(change) = change(record) {
                if let Change::Added(added) = &change {
                    reading.last_written = Some(added.named.written);
                }
                round.changes.push(change);
            }
        }
        let number =
            given.records.last().and_then(|record| record.dynamodb.as_ref()?.sequence_number.clone());
        if let Some(number) = number {
            self.marks.insert(id.to_owned(), Mark::After(number));
        }
        if given.next.is_none() {
            self.marks.insert(id.to_owned(), Mark::Done);
            self.reading.remove(id);
            self.is_incomplete = true;
        } else {
            reading.iterator = given.next;
        }
    }
}

impl Changes for Stream {
    async fn round(&mut self) -> Result<Round, Fault> {
        self.list_again().await?;
        let readable = shards::readable(&self.marks, &self.parents);
        let wanted: Vec<_> = readable
            .iter()
            .map(|id| {
                let iterator = self.reading.get(id).and_then(|reading| reading.iterator.clone());
                (id.clone(), self.marks.get(id).cloned().unwrap_or(Mark::Start), iterator)
            })
            .collect();
        let database = &self.database;
        let given: Vec<_> = stream::iter(wanted)
            .map(|(id, mark, iterator)| async move {
                let given = read(database, &id, &mark, iterator).await;
                (id, given)
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let mut round = Round::default();
        let mut failed = None;
        for (id, given) in given {
            match given {
                Ok(given) => self.took(&id, given, &mut round),
                Err(fault) => {
                    // It is tried again from its mark.
                    self.reading.remove(&id);
                    failed = Some(fault);
                }
            }
        }
        // What was given counts; the failure comes again, if it is one that stays.
        if let Some(fault) = failed.filter(|_| round.changes.is_empty()) {
            return Err(fault);
        }
        let behind =
            || self.marks.iter().filter(|(_, mark)| **mark != Mark::Done).map(|(id, _)| self.reading.get(id));
        let is_at_tip = |reading: Option<&Reading>| reading.is_some_and(|reading| reading.is_at_tip);
        round.is_at_tip = !self.is_incomplete && behind().all(is_at_tip);
        let lows = behind().filter(|reading| !reading.is_some_and(|reading| reading.is_empty));
        round.low = lows.map(|reading| reading.and_then(|r| r.last_written).unwrap_or(Timestamp::MIN)).min();
        Ok(round)
    }

    fn marks(&self) -> Marks {
        shards::kept(&self.marks, &self.parents)
    }
}

/// All shards that the service lists.
async fn list(database: &Database) -> Result<Vec<Listed>, Fault> {
    let mut listed = Vec::new();
    let mut from: Option<String> = None;
    loop {
        let page = database
            .retrying("DescribeStream", || async {
                let request = database.streams.describe_stream().stream_arn(&database.stream);
                let answer = request.set_exclusive_start_shard_id(from.clone()).send().await;
                answer.map_err(|error| Fault::of(&error))
            })
            .await?;
        let Some(page) = page.stream_description else { return Ok(listed) };
        for shard in page.shards.unwrap_or_default() {
            let id = shard.shard_id.ok_or_else(|| Fault::damaged("a shard without an id"))?;
            listed.push(Listed { id, parent: shard.parent_shard_id });
        }
        from = page.last_evaluated_shard_id;
        if from.is_none() {
            return Ok(listed);
        }
    }
}

/// Records of a shard, from an iterator or else from a mark on.
async fn read(
    database: &Database,
    shard: &str,
    mark: &Mark,
    iterator: Option<String>,
) -> Result<Given, Fault> {
    if let Some(iterator) = iterator {
        match records(database, &iterator).await {
            // Iterators live for a quarter of an hour.
            Err(fault) if fault.kind == Kind::Expired => {}
            given => return given,
        }
    }
    let iterator = iterate(database, shard, mark).await?;
    records(database, &iterator).await
}

async fn iterate(database: &Database, shard: &str, mark: &Mark) -> Result<String, Fault> {
    let found = database
        .retrying("GetShardIterator", || async {
            let request = database.streams.get_shard_iterator().stream_arn(&database.stream).shard_id(shard);
            let request = match mark {
                Mark::After(number) => request
                    .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                    .sequence_number(number),
                _ => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            };
            let answer = request.send().await.map_err(|error| Fault::of(&error))?;
            answer.shard_iterator.ok_or_else(|| Fault::damaged("the stream gave no iterator"))
        })
        .await;
    match found {
        // The shard itself is gone.
        Err(fault) if fault.kind == Kind::Missing => Err(Fault { kind: Kind::Trimmed, ..fault }),
        found => found,
    }
}

async fn records(database: &Database, iterator: &str) -> Result<Given, Fault> {
    database
        .retrying("GetRecords", || async {
            let request = database.streams.get_records().shard_iterator(iterator).limit(RECORDS);
            let answer = request.send().await.map_err(|error| Fault::of(&error))?;
            Ok(Given { records: answer.records.unwrap_or_default(), next: answer.next_shard_iterator })
        })
        .await
}

/// What a record says; none for items that are no events.
fn change(record: &Record) -> Option<Change> {
    let changed = record.dynamodb.as_ref()?;
    let keys = changed.keys.as_ref().map(streamed::item).unwrap_or_default();
    if !event_item::is_event(&keys) {
        return None;
    }
    let said = |what: &str| {
        let stream = keys.maybe_text("AggregateId").unwrap_or("?").to_owned();
        let version = keys.maybe_number::<u64>("Version").ok().flatten().unwrap_or(0);
        Some(Change::Alarm(format!("event {version} of {stream} {what}")))
    };
    match record.event_name {
        Some(OperationType::Insert) => {
            let image = changed.new_image.as_ref().map(streamed::item).unwrap_or_default();
            let created = changed.approximate_creation_date_time;
            let created = created.and_then(|at| i64::try_from(at.as_nanos() / 1_000).ok());
            match added(&image, created.map(Timestamp::from_micros)) {
                Ok(added) => Some(Change::Added(Box::new(added))),
                Err(fault) => said(&format!("cannot be read: {fault}")),
            }
        }
        Some(OperationType::Remove) => said("was removed"),
        _ => said("was changed"),
    }
}

fn added(image: &Item, created: Option<Timestamp>) -> Result<Added, Fault> {
    let named = named(image, created.unwrap_or(Timestamp::MAX))?;
    let is_stamped_now = image.attribute("Written").is_none();
    let previous = image.maybe_instant("PrevTimestamp")?;
    // A body that does not read is told to who reads it (E03).
    let event = event_item::decode(image).ok().map(Arc::new);
    Ok(Added { named, previous, event, created, is_stamped_now })
}

/// Stamps are believed so far ahead of what the service, or the machine, saw.
const AHEAD: Duration = Duration::from_mins(1);

/// The event of an item as the feed names it, that was there at `present`.
pub(crate) fn named(item: &Item, present: Timestamp) -> Result<Named, Fault> {
    Ok(Named {
        stream: event_item::stream(item)?,
        version: event_item::version(item)?,
        id: item.parsed("EventId")?,
        recorded_at: item.instant("Timestamp")?,
        written: event_item::written(item)?.min(present.plus(AHEAD)),
    })
}
