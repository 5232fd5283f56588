//! What a batch writes before its checkpoint: rows with their index entries, routes, parked events, many at a time. And what
//! it removes after it: what nobody looks for any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use annals_core::StreamId;
use annals_ports::{Parked, RowChange, ViewBatch};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};

use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::read::Freshness;
use crate::tables::Table;
use crate::view_cells::{self, Cell, Change, Index};
use crate::view_changes::Stop;
use crate::view_items::Parts;
use crate::view_reads::numbered;
use crate::view_standing::Moment;
use crate::write::Write;

/// Writes of a batch that are under way at once. At 5 ms each that is 12,800 rows and entries a second, about twice what
/// the busiest view of the demo writes at 10,000 events a second (`docs/dynamodb-cost.md`).
const AT_ONCE: usize = 64;
/// Routes of a stream that are kept in one item; more lie in items of their own.
const ROUTES_MAX: u64 = 400;
/// Routes that one write adds.
const ROUTES_A_WRITE: usize = 100;

/// What a batch's writes came to.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// By how many the rows changed, and the parked events.
    pub(crate) rows: i64,
    pub(crate) parked: i64,
    /// What is to be removed once the batch counts, of which readers may look for `removed`.
    tidy: Vec<Write>,
    pub(crate) removes: bool,
}

/// Who writes, and what stands.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) database: &'a Database,
    pub(crate) moment: &'a Moment,
    pub(crate) number: u64,
}

/// The cells of the batch's rows as they are to be, and of its parked events.
fn changes(batch: &ViewBatch, parts: &Parts, number: u64) -> (Vec<Change>, Vec<Change>) {
    let row = |change: &RowChange| {
        let mut index = Index::new();
        if let Some((_, values)) = change.row() {
            index = values.iter().map(|(name, value)| (name.to_owned(), value.as_str().to_owned())).collect();
        }
        let value = change.row().map(|(row, _)| item::json(row));
        Change { key: parts.row(change.key()), value, index, keeps: false }
    };
    // What waits already keeps its place; what is parked anew in the batch that takes it away gets a new one.
    let mut parked: Vec<Change> = Vec::new();
    let mut places: HashMap<&Parked, usize> = HashMap::new();
    let mut cell = |event, parked: &mut Vec<Change>| {
        let key = parts.parked(event);
        let place = *places.entry(event).or_insert(parked.len());
        if place == parked.len() {
            parked.push(Change { key, value: None, index: Index::new(), keeps: false });
            return (place, true);
        }
        (place, false)
    };
    for event in &batch.unpark {
        cell(event, &mut parked);
    }
    for (order, event) in batch.park.iter().enumerate() {
        let (place, is_new) = cell(event, &mut parked);
        let change = &mut parked[place];
        change.keeps |= is_new;
        change.value.get_or_insert_with(|| item::text(format!("{number:020}.{order:06}")));
    }
    (batch.changes.iter().map(row).collect(), parked)
}

impl Writer<'_> {
    /// Writes all that a batch changes. Nothing of it counts yet.
    pub(crate) async fn write(self, batch: &ViewBatch) -> Result<Written, Stop> {
        let (rows, parked) = changes(batch, &self.moment.parts, self.number);
        let keys = rows.iter().chain(&parked).map(|change| change.key.clone()).collect::<Vec<_>>();
        let found = self.database.batch_get(Table::Views, keys, Freshness::Consistent).await?;
        let mut standing = HashMap::with_capacity(found.len());
        for item in &found {
            standing.insert((item.text("Part")?, item.text("Sort")?), Cell::read(item)?);
        }
        let mut work = Vec::new();
        for (change, is_row) in
            rows.iter().map(|row| (row, true)).chain(parked.iter().map(|event| (event, false)))
        {
            let cell = standing.remove(&(change.key.text("Part")?, change.key.text("Sort")?));
            work.push((change, cell, is_row));
        }
        let work: Vec<_> =
            work.into_iter().map(|(change, cell, is_row)| self.change(change, cell, is_row)).collect();
        let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
        let mut written = Written::default();
        while let Some(one) = work.try_next().await? {
            written = written.and(one);
        }
        let mut routes: BTreeMap<&StreamId, BTreeSet<&str>> = BTreeMap::new();
        for route in &batch.routes {
            routes.entry(&route.stream).or_default().insert(&route.key);
        }
        let routes: Vec<_> = routes.into_iter().map(|(stream, keys)| self.route(stream, keys)).collect();
        stream::iter(routes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(written)
    }

    async fn change(self, change: &Change, mut found: Option<Cell>, is_row: bool) -> Result<Written, Stop> {
        let sort = change.key.text("Sort")?;
        loop {
            let step = change.step(found.as_ref(), self.number, self.moment)?;
            let Some(cell) = &step.cell else { return Ok(Written::default()) };
            for (name, value) in &step.entered {
                self.enter(self.moment.parts.entry(name, value, sort)).await?;
            }
            if let Some(older) = &step.apart {
                self.put_apart(sort, older).await?;
            }
            match view_cells::put(self.database, &change.key, cell, found.as_ref()).await? {
                Ok(()) => return Ok(self.written(&change.key, sort, &step.changed, is_row)),
                // Somebody wrote there meanwhile who was overtaken, or it is we who were.
                Err(standing) => found = standing,
            }
        }
    }

    /// What the change of a cell came to, with what it leaves to be removed.
    fn written(self, key: &Item, sort: &str, changed: &view_cells::Changed, is_row: bool) -> Written {
        let parts = &self.moment.parts;
        let mut tidy = Vec::new();
        for (name, value) in &changed.left {
            // An entry that was entered again since stays.
            tidy.push(self.remove(parts.entry(name, value, sort), "#at <= :at"));
        }
        if changed.is_gone {
            tidy.push(self.remove(key.clone(), "#at = :at"));
        }
        let removes = !tidy.is_empty();
        tidy.extend(
            changed.apart.iter().map(|number| Write::delete(Table::Views, parts.apart(sort, *number))),
        );
        let (rows, parked) = if is_row { (changed.difference, 0) } else { (0, changed.difference) };
        Written { rows, parked, tidy, removes }
    }

    fn remove(self, key: Item, when: &str) -> Write {
        let write = Write::delete(Table::Views, key).when(when).name("#at", "At");
        write.value(":at", item::number(self.number))
    }

    /// Puts an entry of an index, by which a row can be found once its version counts.
    async fn enter(self, key: Item) -> Result<(), Stop> {
        let mut entry = key;
        entry.insert("At".to_owned(), item::number(self.number));
        let put = Write::put(Table::Views, entry).when("attribute_not_exists(#at) OR #at < :at");
        let put = put.name("#at", "At").value(":at", item::number(self.number));
        match self.database.write(&put).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.kind == Kind::Condition => {
                let at = fault.found(0).map(|item| item.number::<u64>("At")).transpose()?;
                // Our own attempt, whose answer was lost; or somebody's with a later number.
                if at == Some(self.number) { Ok(()) } else { Err(Stop::Overtaken) }
            }
            Err(fault) => Err(Stop::Fault(fault)),
        }
    }

    /// Puts the version before into an item of its own. Whoever puts it puts the same.
    async fn put_apart(self, sort: &str, older: &view_cells::Version) -> Result<(), Stop> {
        let mut apart = self.moment.parts.apart(sort, older.number);
        if let view_cells::Value::Here(value) = &older.value {
            apart.insert("Row".to_owned(), value.clone());
        }
        self.database.write(&Write::put(Table::Views, apart)).await?;
        Ok(())
    }

    /// Adds routes of a stream.
    async fn route(self, stream: &StreamId, keys: BTreeSet<&str>) -> Result<(), Stop> {
        let routes: Vec<String> = keys.into_iter().map(|key| numbered(self.number, key)).collect();
        let key = self.moment.parts.routes(stream);
        for routes in routes.chunks(ROUTES_A_WRITE) {
            let add = Write::update(Table::Views, key.clone(), "ADD #keys :keys")
                .when("attribute_not_exists(#keys) OR size(#keys) < :most")
                .name("#keys", "Keys")
                .value(":keys", item::texts(routes))
                .value(":most", item::number(ROUTES_MAX));
            match self.database.write(&add).await {
                Ok(_) => {}
                Err(fault) if fault.kind == Kind::Condition => {
                    self.route_beyond(stream, &key, routes).await?;
                }
                Err(fault) => return Err(Stop::Fault(fault)),
            }
        }
        Ok(())
    }

    /// Adds routes for which there is no room in their stream's item: an item each.
    async fn route_beyond(self, stream: &StreamId, key: &Item, routes: &[String]) -> Result<(), Stop> {
        let more = Write::update(Table::Views, key.clone(), "SET #more = :true").name("#more", "More");
        self.database.write(&more.value(":true", AttributeValue::Bool(true))).await?;
        for route in routes {
            let put = Write::put(Table::Views, self.moment.parts.more_routes(stream, route));
            self.database.write(&put).await?;
        }
        Ok(())
    }
}

impl Written {
    fn and(mut self, more: Self) -> Self {
        self.tidy.extend(more.tidy);
        Self {
            rows: self.rows + more.rows,
            parked: self.parked + more.parked,
            tidy: self.tidy,
            removes: self.removes || more.removes,
        }
    }

    /// Removes what nobody looks for since the batch counts. What fails stays, and is in nobody's way.
    pub(crate) async fn tidy(self, database: &Database) {
        let remove = |removal| async move {
            match database.write(&removal).await {
                Err(fault) if fault.kind != Kind::Condition => Err(fault),
                _ => Ok(()),
            }
        };
        let removals: Vec<_> = self.tidy.into_iter().map(remove).collect();
        let removed: Result<(), Fault> = stream::iter(removals).buffer_unordered(AT_ONCE).try_collect().await;
        if let Err(fault) = removed {
            tracing::debug!(%fault, "what a batch left behind was not removed");
        }
    }
}
