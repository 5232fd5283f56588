//! Reading a view as it stood at one moment, whatever runners do meanwhile.
//!
//! A reader looks where the view stands, then reads items, and sees of each the version that counted then. When an item has
//! moved on by two versions, or something was removed that it may have missed, it looks again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::time::Duration;

use annals_core::limits::{INDEX_VALUE_BYTES_MAX, ROW_BYTES_MAX};
use annals_core::{Json, StreamId};
use annals_ports::{Parked, ViewId};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, sleep};

use crate::DynamoStore;
use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::read::{Freshness, Query};
use crate::tables::Table;
use crate::view_cells::{Cell, Seen, Value, Version};
use crate::view_items;
use crate::view_standing::{Moment, Standing};

/// Requests of one call that are under way at once.
const AT_ONCE: usize = 16;
/// Before a view that moved on is looked at again, at most.
const PAUSE: Duration = Duration::from_millis(10);

/// What a reader came to.
pub(crate) enum Read<T> {
    /// It saw all that it looked for.
    Whole(T),
    /// So it is, unless something was removed since that it may have missed.
    UnlessRemoved(T),
    /// The view has moved on.
    Outdated,
}

/// A view's own item.
pub(crate) async fn standing(database: &Database, view: &ViewId) -> Result<Option<Standing>, Fault> {
    let found = database.get(Table::Views, &view_items::view_key(view), Freshness::Consistent).await?;
    found.as_ref().map(Standing::read).transpose()
}

impl DynamoStore {
    /// What `read` sees of a view at one moment; none of a view that was not begun.
    pub(crate) async fn at_one_moment<T, F>(
        &self,
        view: &ViewId,
        read: impl Fn(Moment) -> F + Send,
    ) -> Result<Option<T>, Fault>
    where
        F: Future<Output = Result<Read<T>, Fault>> + Send,
        T: Send,
    {
        let database = self.database();
        let begun = Instant::now();
        loop {
            let standing = standing(database, view).await?.filter(Standing::is_begun);
            let Some(standing) = standing else { return Ok(None) };
            let moment = self.shared.numbers.moment(database, standing).await?;
            match read(moment.clone()).await? {
                Read::Whole(found) => return Ok(Some(found)),
                Read::UnlessRemoved(found) if nothing_was_removed(database, &moment).await? => {
                    return Ok(Some(found));
                }
                _ => {}
            }
            if begun.elapsed() >= database.options.timeout {
                return Err(Fault::new(Kind::Contended, "the view changes faster than it can be read"));
            }
            sleep(PAUSE.mul_f64(fastrand::f64())).await;
        }
    }

    /// The rows under these keys, in their order.
    pub(crate) async fn read_rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, Fault> {
        let found = self.at_one_moment(view, |moment| async move {
            let wanted: BTreeSet<&String> = keys.iter().filter(|key| is_row_key(key)).collect();
            let Some(seen) = seen_rows(self.database(), &moment, wanted.iter().copied()).await? else {
                return Ok(Read::Outdated);
            };
            let rows = keys.iter().map(|key| seen.get(key).map(|row| row.json.clone())).collect();
            // What was taken away is removed.
            Ok(if seen.len() == wanted.len() { Read::Whole(rows) } else { Read::UnlessRemoved(rows) })
        });
        Ok(found.await?.unwrap_or_else(|| vec![None; keys.len()]))
    }

    /// The values in indexes by which each of these rows is found: those that it has, and an entry stands for.
    pub(crate) async fn read_index_values(
        &self,
        view: &ViewId,
        keys: &[String],
    ) -> Result<Vec<Vec<(String, String)>>, Fault> {
        let database = self.database();
        let found = self.at_one_moment(view, |moment| async move {
            let wanted: BTreeSet<&String> = keys.iter().filter(|key| is_row_key(key)).collect();
            let Some(seen) = seen_rows(database, &moment, wanted.iter().copied()).await? else {
                return Ok(Read::Outdated);
            };
            let mut entries = Vec::new();
            for (key, row) in &seen {
                let entry = |(name, value): (&String, &String)| moment.parts.entry(name, value, key);
                entries.extend(row.index.iter().map(entry));
            }
            let found = database.batch_get(Table::Views, entries, Freshness::Consistent).await?;
            let found: HashSet<_> =
                found.iter().map(|item| (item.maybe_text("Part"), item.maybe_text("Sort"))).collect();
            let stands = |entry: Item| found.contains(&(entry.maybe_text("Part"), entry.maybe_text("Sort")));
            let values = |key: &String| {
                let pairs = seen.get(key).into_iter().flat_map(|row| &row.index);
                let pairs = pairs.filter(|(name, value)| stands(moment.parts.entry(name, value, key)));
                pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
            };
            Ok(Read::UnlessRemoved(keys.iter().map(values).collect()))
        });
        Ok(found.await?.unwrap_or_else(|| vec![Vec::new(); keys.len()]))
    }

    /// The keys that each of these streams was routed to.
    pub(crate) async fn read_routes(
        &self,
        view: &ViewId,
        streams: &[StreamId],
    ) -> Result<Vec<Vec<String>>, Fault> {
        let database = self.database();
        let found = self.at_one_moment(view, |moment| async move {
            let wanted: BTreeSet<&StreamId> = streams.iter().collect();
            let items = wanted.iter().map(|stream| moment.parts.routes(stream)).collect();
            let found = database.batch_get(Table::Views, items, Freshness::Consistent).await?;
            let mut routes: HashMap<&str, BTreeSet<String>> = HashMap::new();
            let mut with_more = Vec::new();
            for item in &found {
                let stream = item.text("Sort")?;
                let keys = routes.entry(stream).or_default();
                keys.extend(item.texts("Keys")?.into_iter().filter_map(|route| route_at(route, &moment)));
                with_more.extend(item.attribute("More").map(|_| stream));
            }
            for stream in with_more {
                let Some(named) = wanted.iter().find(|wanted| wanted.as_str() == stream) else { continue };
                let begin = view_items::more_routes(named);
                let part = moment.parts.routes(named).text("Part")?.to_owned();
                let keys = routes.entry(stream).or_default();
                for item in database.query_up_to(beginning(&part, &begin), usize::MAX).await?.items {
                    let route = item.text("Sort")?.strip_prefix(&begin);
                    keys.extend(route.and_then(|route| route_at(route, &moment)));
                }
            }
            let of = |stream: &StreamId| routes.get(stream.as_str()).cloned().unwrap_or_default();
            let routes = streams.iter().map(|stream| of(stream).into_iter().collect()).collect();
            Ok(if found.len() == wanted.len() { Read::Whole(routes) } else { Read::UnlessRemoved(routes) })
        });
        Ok(found.await?.unwrap_or_else(|| vec![Vec::new(); streams.len()]))
    }

    /// What waits for a route of one of these streams, in the order in which it was parked.
    pub(crate) async fn read_parked(
        &self,
        view: &ViewId,
        streams: &[StreamId],
    ) -> Result<Vec<Parked>, Fault> {
        let found = self.at_one_moment(view, |moment| async move {
            let wanted: BTreeSet<&StreamId> = streams.iter().collect();
            let queries = wanted.into_iter().map(|awaits| {
                let query = beginning(&moment.parts.parked_for(awaits), &view_items::awaiting(awaits));
                self.database().query_up_to(query, usize::MAX)
            });
            let found: Vec<_> =
                stream::iter(queries.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
            let mut parked = Vec::new();
            for item in found.into_iter().flat_map(|found| found.items) {
                let sort = item.text("Sort")?;
                match Cell::read(&item)?.seen(&moment) {
                    Seen::Nothing => {}
                    Seen::Outdated => return Ok(Read::Outdated),
                    Seen::Version(Version { value: Value::Here(AttributeValue::S(order)), .. }) => {
                        let event = view_items::parked_of(sort);
                        let event =
                            event.ok_or_else(|| Fault::damaged(format!("{sort:?} is no parked event")))?;
                        parked.push((order.clone(), event));
                    }
                    Seen::Version(_) => {
                        return Err(Fault::damaged("a parked event without its place in order"));
                    }
                }
            }
            parked.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Ok(Read::UnlessRemoved(parked.into_iter().map(|(_, event)| event).collect()))
        });
        Ok(found.await?.unwrap_or_default())
    }
}

/// Items of a part whose sort keys begin so.
fn beginning(part: &str, begin: &str) -> Query {
    Query::new(Table::Views, "#part = :part AND begins_with(#sort, :begin)")
        .name("#part", "Part")
        .name("#sort", "Sort")
        .value(":part", item::text(part))
        .value(":begin", item::text(begin))
}

/// A route as it is kept, behind the number of the batch that taught it.
pub(crate) fn numbered(number: u64, key: &str) -> String {
    format!("{number:020}|{key}")
}

fn route_at(route: &str, moment: &Moment) -> Option<String> {
    let (number, key) = route.split_once('|')?;
    moment.shows(number.parse().ok()?).then(|| key.to_owned())
}

/// Whether a row can lie under this key. What cannot is not asked for.
pub(crate) fn is_row_key(key: &str) -> bool {
    (1..=INDEX_VALUE_BYTES_MAX).contains(&key.len())
}

/// Whether the view's generation is the same, and nothing was removed from it, since the moment.
async fn nothing_was_removed(database: &Database, moment: &Moment) -> Result<bool, Fault> {
    let now = standing(database, &moment.standing.view).await?;
    let is_same = |now: &Standing| {
        now.generation == moment.standing.generation && now.removed <= moment.standing.seq && now.is_begun()
    };
    Ok(now.as_ref().is_some_and(is_same))
}

/// A row that was seen.
#[derive(Clone, Debug)]
pub(crate) struct SeenRow {
    pub(crate) json: Json,
    pub(crate) index: crate::view_cells::Index,
}

/// The rows under these keys that there are at a moment; none when the view has moved on.
pub(crate) async fn seen_rows<'a>(
    database: &Database,
    moment: &Moment,
    keys: impl Iterator<Item = &'a String>,
) -> Result<Option<HashMap<String, SeenRow>>, Fault> {
    let items = keys.map(|key| moment.parts.row(key)).collect();
    let found = database.batch_get(Table::Views, items, Freshness::Consistent).await?;
    let mut rows = HashMap::with_capacity(found.len());
    for item in &found {
        match seen_row(database, moment, item).await? {
            Read::Whole(Some((key, row))) => drop(rows.insert(key, row)),
            Read::Outdated => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(rows))
}

/// What a row's item shows at a moment.
pub(crate) async fn seen_row(
    database: &Database,
    moment: &Moment,
    item: &Item,
) -> Result<Read<Option<(String, SeenRow)>>, Fault> {
    let key = item.text("Sort")?;
    let cell = Cell::read(item)?;
    let version = match cell.seen(moment) {
        Seen::Nothing => return Ok(Read::Whole(None)),
        Seen::Outdated => return Ok(Read::Outdated),
        Seen::Version(version) => version,
    };
    let apart;
    let value = if let Value::Here(value) = &version.value {
        value
    } else {
        let place = moment.parts.apart(key, version.number);
        apart = database.get(Table::Views, &place, Freshness::Consistent).await?;
        match apart.as_ref().and_then(|item| item.attribute("Row")) {
            Some(value) => value,
            None => return Ok(Read::Outdated),
        }
    };
    let json = item::read_json(value, ROW_BYTES_MAX);
    let json = json.ok_or_else(|| Fault::damaged(format!("the row {key:?} of {}", moment.standing.view)))?;
    Ok(Read::Whole(Some((key.to_owned(), SeenRow { json, index: version.index.clone() }))))
}
