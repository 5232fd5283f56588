//! Pages of a view's rows, by key or by a declared index, all by bytes (law V03).
//!
//! Every page is the beginning of one range of `(value, key)`: from `low` on, and before `high`. A prefix makes the
//! first range, a page token moves the end at which the next page begins.

use annals_core::{Json, StoreId};
use annals_ports::{Direction, PageToken, Row, RowPage, RowQuery, RowSelection, StoreError, ViewId};
use sqlx::postgres::PgRow;

use crate::database::Database;
use crate::fault::Fault;
use crate::rows::text;
use crate::sql;
use crate::views::of_view;
use annals_ports::tokens;

/// Longer than any key or value may be, of the last characters that there are: after all of them.
const AFTER_ALL: usize = 200;

/// A row's index value, empty in a query by key, and its key.
struct Place {
    value: String,
    key: String,
}

/// Where a query's page begins, as its token says; for the first page, nothing.
fn start(view: &ViewId, query: &RowQuery, store: StoreId) -> Result<Option<Place>, StoreError> {
    let Some(token) = &query.after else { return Ok(None) };
    match tokens::split::<5>(token.place_in(store)?) {
        Some([name, version, selection, value, key])
            if name == view.name
                && version == view.version.to_string()
                && selection == self::selection(query) =>
        {
            Ok(Some(Place { value, key }))
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

fn token(view: &ViewId, query: &RowQuery, last: &Place, store: StoreId) -> PageToken {
    let place = [&view.name, &view.version.to_string(), &selection(query), &last.value, &last.key];
    PageToken::new(store, tokens::join(&place.map(String::as_str)))
}

/// A text after `key` and before every other key that comes after it: keys hold no control characters.
fn successor(key: String) -> String {
    key + "\u{1}"
}

/// What comes after every text that begins with `prefix`.
fn after_prefix(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // `char`'s own order skips the surrogates, and is the order of UTF-8's bytes.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return text;
        }
    }
    char::MAX.to_string().repeat(AFTER_ALL)
}

/// A page of a view's rows; empty when there is no such view.
pub(crate) async fn page(
    database: &Database,
    view: &ViewId,
    query: &RowQuery,
) -> Result<RowPage, StoreError> {
    let store = database.id;
    let start = start(view, query, store)?;
    let limit = query.limit.max(1);
    // One row more tells whether there is another page.
    let ask = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let forward = query.direction == Direction::Forward;
    let doing = || format!("reading rows of {view}");
    let found = match &query.select {
        RowSelection::Keys { prefix } => {
            let (mut low, mut high) = (prefix.clone(), after_prefix(prefix));
            match start {
                Some(place) if forward => low = successor(place.key),
                Some(place) => high = place.key,
                None => {}
            }
            let statement = if forward { sql!("rows_forward") } else { sql!("rows_backward") };
            let select =
                || of_view(database.query(statement), view).bind(low.clone()).bind(high.clone()).bind(ask);
            database.read(doing, select).await?
        }
        RowSelection::Index { name, prefix } => {
            let mut low = (prefix.as_str().to_owned(), String::new());
            let mut high = (after_prefix(prefix.as_str()), String::new());
            match start {
                Some(place) if forward => low = (place.value, successor(place.key)),
                Some(place) => high = (place.value, place.key),
                None => {}
            }
            let statement =
                if forward { sql!("indexed_rows_forward") } else { sql!("indexed_rows_backward") };
            let select = || {
                let query = of_view(database.query(statement), view).bind(name.clone());
                let query = query.bind(low.0.clone()).bind(low.1.clone());
                query.bind(high.0.clone()).bind(high.1.clone()).bind(ask)
            };
            database.read(doing, select).await?
        }
    };
    let has_more = found.len() > limit;
    let rows: Result<Vec<_>, Fault> = found.iter().take(limit).map(row).collect();
    let rows = rows.map_err(|fault| fault.told(&doing(), &database.options))?;
    let next = rows.last().filter(|_| has_more).map(|(place, _)| token(view, query, place, store));
    let rows = rows.into_iter().map(|(place, row)| Row { key: place.key, row }).collect();
    Ok(RowPage { rows, next })
}

fn row(row: &PgRow) -> Result<(Place, Json), Fault> {
    let place = Place { value: text(row, 0)?.to_owned(), key: text(row, 1)?.to_owned() };
    Ok((place, Json::as_stored(text(row, 2)?)))
}
