//! Pages: direction, and the token that leads on to the next one.

use std::fmt;
use std::str::FromStr;

use annals_core::StoreId;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Which way to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// From the first on.
    #[default]
    Forward,
    /// From the last back.
    Backward,
}

/// Where a query goes on: made by a store, understood by it alone. Survives being written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken {
    store: StoreId,
    place: String,
}

impl PageToken {
    /// A token of `store`; `place` is the adapter's own business.
    pub fn new(store: StoreId, place: String) -> Self {
        Self { store, place }
    }

    /// What the adapter put into the token, when it is of this `store` (law R06).
    ///
    /// # Errors
    /// When the token is another store's.
    pub fn place_in(&self, store: StoreId) -> Result<&str, StoreError> {
        if self.store == store {
            Ok(&self.place)
        } else {
            Err(StoreError::WrongStore { what: "page token", expected: store, found: self.store })
        }
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.store, self.place)
    }
}

impl FromStr for PageToken {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail =
            |reason: &str| StoreError::InvalidToken { text: text.to_owned(), reason: reason.to_owned() };
        let (store, place) = text.split_once('~').ok_or_else(|| fail("it has no `~`"))?;
        let store = store.parse().map_err(|_| fail("it does not begin with a store's id"))?;
        Ok(Self { store, place: place.to_owned() })
    }
}
