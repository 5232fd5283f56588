//! The feed from history: when the stream was cut, or nobody kept the feed before, all events are looked through, and those that
//! are missing are indexed.
//!
//! The stream's shards are listed first, then the whole feed is read into a map, then the events table is scanned; what is
//! committed meanwhile comes with the stream, which is read from its oldest record on. So does what was written lately, in the
//! order in which it was committed; what of that is still missing then is indexed last.

use std::time::Duration;

use annals_core::Timestamp;
use futures::{StreamExt, stream};

use crate::batch::Named;
use crate::changes::{self, Stream};
use crate::database::Database;
use crate::event_item;
use crate::fault::Fault;
use crate::indexed::Indexed;
use crate::indexer::map;
use crate::indexing::Indexing;
use crate::item::Item;
use crate::keeper_state::Alarms;
use crate::tables::Table;
use crate::tail::Tail;

/// Segments of the events table that are scanned at once.
const SEGMENTS: usize = 4;
/// What was written less long ago is expected in the stream, which keeps records for a day.
const LATELY: Duration = Duration::from_hours(12);
/// What a scan needs to know of an event.
const NAMES: [&str; 5] = ["AggregateId", "Version", "EventId", "Timestamp", "Written"];

/// Indexes all that is missing, and gives what goes on from there.
pub(crate) async fn recover(tail: &Tail, alarms: Alarms) -> Result<(Indexing<'_>, Stream), Fault> {
    let database = tail.database();
    let stream = Stream::open(database, None).await?;
    let window = database.options.window;
    let (indexed, next, run) = map(tail, 0, Indexed::new(Timestamp::MIN, window)).await?;
    let lately = database.now().minus(LATELY);
    let (mut missing, mut young) = (Vec::new(), Vec::new());
    each_event(database, |named| {
        if indexed.last(&named.stream).is_none_or(|last| named.version > last) {
            if named.written < lately { missing.push(named) } else { young.push(named) }
        }
    })
    .await?;
    let mut indexing = Indexing::new(tail, indexed, next, run, alarms);
    indexing.index_missing(missing).await?;
    indexing.young = young;
    Ok((indexing, stream))
}

/// Hands every event of the table to `each`, in no order.
pub(crate) async fn each_event(database: &Database, mut each: impl FnMut(Named) + Send) -> Result<(), Fault> {
    let now = database.now();
    let segment = |number: usize| {
        stream::try_unfold(Some(None), move |from: Option<Option<Item>>| async move {
            let Some(from) = from else { return Ok::<_, Fault>(None) };
            let found = database.scan(Table::Events, (number, SEGMENTS), &NAMES, from).await?;
            let rest = found.last.map(Some);
            Ok(Some((found.items, rest)))
        })
    };
    let mut pages = stream::select_all((0..SEGMENTS).map(|number| Box::pin(segment(number))));
    while let Some(items) = pages.next().await {
        for item in items? {
            if event_item::is_event(&item) {
                each(changes::named(&item, now)?);
            }
        }
    }
    Ok(())
}
