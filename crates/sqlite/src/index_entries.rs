//! A row's entries in the index of its view, as they stand beside the row: a JSON object, value by name.

use std::collections::BTreeMap;

use annals_ports::IndexValues;
use rusqlite::{Connection, params};

use crate::fault::Fault;
use crate::rows::text;
use crate::sql;

/// The entries of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entries(String);

impl Entries {
    /// No entries.
    pub(crate) fn none() -> Self {
        Self("{}".to_owned())
    }

    /// These entries.
    pub(crate) fn of(values: &IndexValues) -> Result<Self, Fault> {
        let values: BTreeMap<_, _> = values.iter().map(|(name, value)| (name, value.as_str())).collect();
        let broken = |error| Fault::refused(format!("index values that cannot be written: {error}"));
        Ok(Self(serde_json::to_string(&values).map_err(broken)?))
    }

    /// The number and the entries of the row that stands under a key.
    pub(crate) fn of_row(
        connection: &Connection,
        view: i64,
        key: &str,
    ) -> Result<Option<(i64, Self)>, Fault> {
        let mut statement = connection.prepare_cached(sql!("standing_row"))?;
        let mut found = statement.query(params![view, key])?;
        found.next()?.map(|row| Ok((row.get(0)?, Self(text(row, 1)?.to_owned())))).transpose()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Each entry's value, by name.
    pub(crate) fn by_name(&self) -> Result<BTreeMap<String, String>, Fault> {
        let broken = |error| Fault::damaged(format!("a view's row has broken index entries: {error}"));
        serde_json::from_str(&self.0).map_err(broken)
    }
}
