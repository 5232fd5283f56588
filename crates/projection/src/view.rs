//! Reading a view: typed rows by key, by keys, by index, in pages (law V03).
//!
//! Reads only, and needs neither a lease nor a projection's value; a runner may be at work meanwhile.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use annals_core::Json;
use annals_ports::{Adapter, PageToken, RowQuery, RowSelection, StoreError, ViewId, ViewState, ViewStore};

use crate::projection::check_name;
use crate::{Projection, RowKey, ViewReadError};

/// The rows of a projection, as far as its runner has come. Cheap to clone.
pub struct View<P: Projection> {
    views: Arc<dyn ViewStore>,
    id: ViewId,
    projection: PhantomData<fn() -> P>,
}

/// A page of rows with their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedPage<K, R> {
    /// The rows, in the order asked for.
    pub rows: Vec<(K, R)>,
    /// Where the next page begins; none after the last.
    pub next: Option<PageToken>,
}

impl<P: Projection> View<P> {
    /// The view that a runner of `P` keeps in this store.
    pub fn new(adapter: Adapter) -> Self {
        check_name::<P>();
        Self { views: adapter.views, id: ViewId::new(P::NAME, P::VERSION), projection: PhantomData }
    }

    /// The view's name and version.
    pub fn id(&self) -> &ViewId {
        &self.id
    }

    /// The row under `key`.
    ///
    /// # Errors
    /// When the store fails, or the row cannot be decoded.
    pub async fn get(&self, key: &P::Key) -> Result<Option<P::Row>, ViewReadError> {
        Ok(self.get_many(std::slice::from_ref(key)).await?.pop().flatten())
    }

    /// The rows under these keys, in their order.
    ///
    /// # Errors
    /// When the store fails, or a row cannot be decoded.
    pub async fn get_many(&self, keys: &[P::Key]) -> Result<Vec<Option<P::Row>>, ViewReadError> {
        let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
        let rows = self.views.rows(&self.id, &keys).await?;
        let decode =
            |(key, row): (&String, Option<Json>)| row.map(|row| decode_row(&self.id, key, &row)).transpose();
        keys.iter().zip(rows).map(decode).collect()
    }

    /// A page of rows, in a stable order.
    ///
    /// # Errors
    /// When the query names an index that the projection does not declare, the store fails, or a row or its key
    /// cannot be decoded.
    pub async fn page(&self, query: &RowQuery) -> Result<TypedPage<P::Key, P::Row>, ViewReadError> {
        if let RowSelection::Index { name, .. } = &query.select
            && !P::INDEXES.contains(&name.as_str())
        {
            let (view, index) = (self.id.clone(), name.clone());
            return Err(ViewReadError::UndeclaredIndex { view, index, declared: P::INDEXES });
        }
        let page = self.views.page(&self.id, query).await?;
        let decode = |row: annals_ports::Row| {
            Ok((parse_key(&self.id, &row.key)?, decode_row(&self.id, &row.key, &row.row)?))
        };
        let rows = page.rows.into_iter().map(decode).collect::<Result<_, ViewReadError>>()?;
        Ok(TypedPage { rows, next: page.next })
    }

    /// All rows that a query selects, from its place on, over as many pages as it takes.
    ///
    /// # Errors
    /// As for [`page`](Self::page).
    pub async fn all(&self, query: RowQuery) -> Result<Vec<(P::Key, P::Row)>, ViewReadError> {
        let mut query = query;
        let mut rows = Vec::new();
        loop {
            let page = self.page(&query).await?;
            rows.extend(page.rows);
            match page.next {
                Some(token) => query.after = Some(token),
                None => return Ok(rows),
            }
        }
    }

    /// How far the view has come; none before its runner's first page.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn state(&self) -> Result<Option<ViewState>, StoreError> {
        self.views.state(&self.id).await
    }
}

impl<P: Projection> Clone for View<P> {
    fn clone(&self) -> Self {
        Self { views: Arc::clone(&self.views), id: self.id.clone(), projection: PhantomData }
    }
}

impl<P: Projection> fmt::Debug for View<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("View").field(&self.id).finish()
    }
}

pub(crate) fn parse_key<K: RowKey>(view: &ViewId, key: &str) -> Result<K, ViewReadError> {
    key.parse().map_err(|_| ViewReadError::InvalidKey { view: view.clone(), key: key.to_owned() })
}

pub(crate) fn decode_row<R: serde::de::DeserializeOwned>(
    view: &ViewId,
    key: &str,
    row: &Json,
) -> Result<R, ViewReadError> {
    row.decode().map_err(|source| ViewReadError::RowDecode {
        view: view.clone(),
        key: key.to_owned(),
        source,
    })
}
