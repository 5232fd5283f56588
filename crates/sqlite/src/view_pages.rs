//! Pages of a view's rows, by key or by a declared index, all by bytes (law V03).
//!
//! Every page is the beginning of one range of `(value, key)`: from `low` on, and before `high`. A prefix makes the
//! first range, a page token moves the end at which the next page begins.

use annals_core::{Json, StoreId};
use annals_ports::{Direction, PageToken, Row, RowPage, RowQuery, RowSelection, StoreError, ViewId};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::fault::Fault;
use crate::rows;
use crate::sql;
use annals_ports::tokens;

/// Where a page begins, as its token says; for the first page, nothing.
pub(crate) struct Start(Option<Place>);

/// A row's index value, empty in a query by key, and its key.
struct Place {
    value: String,
    key: String,
}

impl Start {
    /// Where a query's page begins.
    pub(crate) fn of(view: &ViewId, query: &RowQuery, store: StoreId) -> Result<Self, StoreError> {
        let Some(token) = &query.after else { return Ok(Self(None)) };
        let fields = tokens::split::<5>(token.place_in(store)?);
        match fields {
            Some([name, version, selection, value, key])
                if name == view.name
                    && version == view.version.to_string()
                    && selection == self::selection(query) =>
            {
                Ok(Self(Some(Place { value, key })))
            }
            _ => Err(StoreError::InvalidToken {
                text: token.to_string(),
                reason: format!("it is no place among these rows of {view}"),
            }),
        }
    }
}

/// The rows that a query selects, as its tokens name them.
fn selection(query: &RowQuery) -> String {
    match &query.select {
        RowSelection::Keys { prefix } => format!("keys {prefix}"),
        RowSelection::Index { name, prefix } => format!("by {name} {}", prefix.as_str()),
    }
}

fn token(view: &ViewId, query: &RowQuery, last: &Place, store: StoreId) -> PageToken {
    let place = [&view.name, &view.version.to_string(), &selection(query), &last.value, &last.key];
    PageToken::new(store, tokens::join(&place.map(String::as_str)))
}

/// The text that comes next after `text`.
fn successor(text: String) -> String {
    text + "\0"
}

/// What comes after every text that begins with `prefix`. For those without an end, an empty blob: SQLite sorts it
/// after every text.
fn after_prefix(prefix: &str) -> Value {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // `char`'s own order skips the surrogates, and is the order of UTF-8's bytes.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Value::Text(text);
        }
    }
    Value::Blob(Vec::new())
}

/// A page of the rows of the view with number `id`.
pub(crate) fn page(
    connection: &Connection,
    id: i64,
    query: &RowQuery,
    start: Start,
    view: &ViewId,
    store: StoreId,
) -> Result<RowPage, Fault> {
    let limit = query.limit.max(1);
    // One row more tells whether there is another page.
    let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let forward = query.direction == Direction::Forward;
    let mut found = match &query.select {
        RowSelection::Keys { prefix } => {
            let (mut low, mut high) = (prefix.clone(), after_prefix(prefix));
            match start.0 {
                Some(place) if forward => low = successor(place.key),
                Some(place) => high = Value::Text(place.key),
                None => {}
            }
            let statement = if forward { sql!("rows_forward") } else { sql!("rows_backward") };
            read(connection, statement, params![id, low, high, rows])?
        }
        RowSelection::Index { name, prefix } => {
            let mut low = (prefix.as_str().to_owned(), String::new());
            let mut high = (after_prefix(prefix.as_str()), String::new());
            match start.0 {
                Some(place) if forward => low = (place.value, successor(place.key)),
                Some(place) => high = (Value::Text(place.value), place.key),
                None => {}
            }
            let statement =
                if forward { sql!("indexed_rows_forward") } else { sql!("indexed_rows_backward") };
            read(connection, statement, params![id, name, low.0, low.1, high.0, high.1, rows])?
        }
    };
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|(place, _)| token(view, query, place, store));
    let rows = found.into_iter().map(|(place, row)| Row { key: place.key, row }).collect();
    Ok(RowPage { rows, next })
}

fn read(
    connection: &Connection,
    statement: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<(Place, Json)>, Fault> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut found = statement.query(params)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let place = Place { value: row.get(0)?, key: row.get(1)? };
        rows.push((place, Json::as_stored(rows::text(row, 2)?)));
    }
    Ok(rows)
}
