//! Pages of a view's rows, by key or by a declared index, all by bytes (law V03).
//!
//! Rows lie in several parts, and so do the entries of an index: a page merges what each part holds in order. What it reads
//! counts at one moment; a place in a page token is a sort key, behind which every part goes on.

use std::collections::{BTreeSet, VecDeque};

use annals_core::StoreId;
use annals_ports::{Direction, PageToken, Row, RowPage, RowQuery, RowSelection, StoreError, ViewId};
use futures::future::try_join_all;

use crate::DynamoStore;
use crate::database::Database;
use crate::fault::Fault;
use crate::item::{self, Attributes, Item};
use crate::read::Query;
use crate::tables::Table;
use crate::view_items;
use crate::view_reads::{self, Read};
use crate::view_standing::Moment;
use annals_ports::tokens;

/// The most rows in a page.
const ROWS_MAX: usize = 1_000;
/// Items of a part that are read at once, beyond its share of the page.
const AHEAD: usize = 4;
/// No text in a sort key is longer.
const SORT_MAX: usize = 1_024;

/// Which sort keys a query selects.
#[derive(Clone, Debug)]
enum Range {
    All,
    Beginning(String),
    Between(String, String),
}

impl Range {
    /// None when nothing can lie in it.
    fn of(select: &RowSelection) -> Option<Self> {
        match select {
            RowSelection::Keys { prefix } if prefix.is_empty() => Some(Self::All),
            RowSelection::Keys { prefix } => {
                view_reads::is_row_key(prefix).then(|| Self::Beginning(prefix.clone()))
            }
            RowSelection::Index { prefix, .. } => match view_items::entries_between(prefix.as_str()) {
                None => Some(Self::All),
                Some((low, high)) => (high.len() <= SORT_MAX).then_some(Self::Between(low, high)),
            },
        }
    }

    fn holds(&self, sort: &str) -> bool {
        match self {
            Self::All => !sort.is_empty() && sort.len() <= SORT_MAX,
            Self::Beginning(begin) => sort.starts_with(begin) && sort.len() <= SORT_MAX,
            Self::Between(low, high) => (low.as_str()..=high).contains(&sort) && sort.len() <= SORT_MAX,
        }
    }

    fn query(&self, part: &str, forward: bool) -> Query {
        let query = match self {
            Self::All => Query::new(Table::Views, "#part = :part"),
            Self::Beginning(begin) => {
                Query::new(Table::Views, "#part = :part AND begins_with(#sort, :begin)")
                    .name("#sort", "Sort")
                    .value(":begin", item::text(begin))
            }
            Self::Between(low, high) => {
                Query::new(Table::Views, "#part = :part AND #sort BETWEEN :low AND :high")
                    .name("#sort", "Sort")
                    .value(":low", item::text(low))
                    .value(":high", item::text(high))
            }
        };
        let mut query = query.name("#part", "Part").value(":part", item::text(part));
        query.forward = forward;
        query
    }
}

/// Where a query's page begins, as its token says; for the first page, nothing.
fn start(view: &ViewId, query: &RowQuery, store: StoreId) -> Result<Option<String>, StoreError> {
    let Some(token) = &query.after else { return Ok(None) };
    let is_within = |sort: &str| Range::of(&query.select).is_some_and(|range| range.holds(sort));
    match tokens::split::<4>(token.place_in(store)?) {
        Some([name, version, selection, sort])
            if name == view.name
                && version == view.version.to_string()
                && selection == self::selection(query)
                && is_within(&sort) =>
        {
            Ok(Some(sort))
        }
        _ => Err(StoreError::InvalidToken {
            text: token.to_string(),
            reason: format!("it is no place among these rows of {view}"),
        }),
    }
}

/// The rows that a query selects, as its tokens name them.
fn selection(query: &RowQuery) -> String {
    match &query.select {
        RowSelection::Keys { prefix } => format!("keys {prefix}"),
        RowSelection::Index { name, prefix } => format!("by {name} {}", prefix.as_str()),
    }
}

/// A page of a view's rows; empty when there is no such view.
pub(crate) async fn page(
    store: &DynamoStore,
    view: &ViewId,
    query: &RowQuery,
) -> Result<RowPage, StoreError> {
    let after = start(view, query, store.id())?;
    let limit = query.limit.clamp(1, ROWS_MAX);
    let none = RowPage { rows: Vec::new(), next: None };
    let Some(range) = Range::of(&query.select) else { return Ok(none) };
    let found = store.at_one_moment(view, |moment| {
        let (range, after) = (range.clone(), after.clone());
        async move {
            let parts = match &query.select {
                RowSelection::Keys { .. } => moment.parts.rows(),
                RowSelection::Index { name, .. } => moment.parts.entries(name),
            };
            let forward = query.direction == Direction::Forward;
            // One row more tells whether there is another page.
            let merge = Merge::begin(store.database(), &parts, &range, forward, after, limit + 1).await?;
            match &query.select {
                RowSelection::Keys { .. } => by_key(merge, &moment, limit + 1).await,
                RowSelection::Index { name, .. } => by_index(merge, &moment, name, limit + 1).await,
            }
        }
    });
    let found = found.await.map_err(|fault| store.told("rows", view, &fault))?;
    let Some(mut rows) = found else { return Ok(none) };
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|(sort, _)| {
        let place = [&view.name, &view.version.to_string(), &selection(query), sort];
        PageToken::new(store.id(), tokens::join(&place.map(String::as_str)))
    });
    Ok(RowPage { rows: rows.into_iter().map(|(_, row)| row).collect(), next })
}

/// Rows, each behind the sort key that it was found by.
type Found = Vec<(String, Row)>;

async fn by_key(mut merge: Merge<'_>, moment: &Moment, most: usize) -> Result<Read<Found>, Fault> {
    let mut rows = Vec::new();
    while rows.len() < most {
        let Some((sort, item)) = merge.next().await? else { break };
        match view_reads::seen_row(merge.database, moment, &item).await? {
            Read::Outdated => return Ok(Read::Outdated),
            Read::Whole(Some((key, row))) => rows.push((sort, Row { key, row: row.json })),
            _ => {}
        }
    }
    Ok(Read::UnlessRemoved(rows))
}

/// Entries tell where to look; only the row tells whether it has the value.
async fn by_index(
    mut merge: Merge<'_>,
    moment: &Moment,
    index: &str,
    most: usize,
) -> Result<Read<Found>, Fault> {
    let mut rows = Vec::new();
    while rows.len() < most {
        let mut entries = Vec::new();
        while entries.len() < most - rows.len() {
            let Some((sort, _)) = merge.next().await? else { break };
            let entry = view_items::entry_of(&sort);
            let entry = entry.ok_or_else(|| Fault::damaged(format!("{sort:?} is no entry of an index")))?;
            entries.push((sort, entry));
        }
        if entries.is_empty() {
            break;
        }
        let keys: BTreeSet<&String> = entries.iter().map(|(_, (_, key))| key).collect();
        let Some(seen) = view_reads::seen_rows(merge.database, moment, keys.into_iter()).await? else {
            return Ok(Read::Outdated);
        };
        for (sort, (value, key)) in entries {
            if let Some(row) = seen.get(&key).filter(|row| row.index.get(index) == Some(&value)) {
                rows.push((sort, Row { key, row: row.json.clone() }));
            }
        }
    }
    Ok(Read::UnlessRemoved(rows))
}

/// Items of several parts, in the order of their sort keys.
struct Merge<'a> {
    database: &'a Database,
    forward: bool,
    sources: Vec<Source>,
}

/// A part that is read on as it is used up.
struct Source {
    query: Query,
    ready: VecDeque<(String, Item)>,
    is_at_end: bool,
}

impl Source {
    /// Reads on when nothing is left; an answer may be empty in the middle.
    async fn fill(&mut self, database: &Database) -> Result<(), Fault> {
        while self.ready.is_empty() && !self.is_at_end {
            let found = database.query(&self.query).await?;
            for item in found.items {
                self.ready.push_back((item.text("Sort")?.to_owned(), item));
            }
            self.is_at_end = found.last.is_none();
            self.query.from = found.last;
        }
        Ok(())
    }
}

impl<'a> Merge<'a> {
    async fn begin(
        database: &'a Database,
        parts: &[String],
        range: &Range,
        forward: bool,
        after: Option<String>,
        most: usize,
    ) -> Result<Self, Fault> {
        let share = most.div_ceil(parts.len().max(1)) + AHEAD;
        let source = |part: &String| {
            let from = after.as_ref().map(|sort| view_items::key(part, sort));
            let mut query = range.query(part, forward);
            (query.limit, query.from) = (Some(share), from);
            Source { query, ready: VecDeque::new(), is_at_end: false }
        };
        let mut sources: Vec<_> = parts.iter().map(source).collect();
        try_join_all(sources.iter_mut().map(|source| source.fill(database))).await?;
        Ok(Self { database, forward, sources })
    }

    async fn next(&mut self) -> Result<Option<(String, Item)>, Fault> {
        let first = |source: &Source| source.ready.front().map(|(sort, _)| sort.clone());
        let fronts =
            self.sources.iter().enumerate().filter_map(|(place, source)| Some((first(source)?, place)));
        let next = if self.forward { fronts.min() } else { fronts.max() };
        let Some((_, place)) = next else { return Ok(None) };
        let source = &mut self.sources[place];
        let item = source.ready.pop_front();
        source.fill(self.database).await?;
        Ok(item)
    }
}
