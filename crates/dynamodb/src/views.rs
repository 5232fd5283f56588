//! Views: the port. Laws V.

use annals_core::{Json, StreamId};
use annals_ports::{
    Lease, Parked, RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

use crate::DynamoStore;
use crate::fault::Fault;
use crate::item;
use crate::read::Query;
use crate::tables::Table;
use crate::view_items::VIEWS;
use crate::view_standing::Standing;
use crate::{view_changes, view_pages, view_reads};

#[async_trait]
impl ViewStore for DynamoStore {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        let told = |fault: Fault| fault.told("listing the views", &self.database().options);
        let mut states = Vec::new();
        for standing in self.standings().await.map_err(told)? {
            states.extend(standing.state().map_err(told)?);
        }
        states.sort_unstable_by(|a, b| a.view.cmp(&b.view));
        Ok(states)
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        let found = view_reads::standing(self.database(), view).await;
        let state = found.and_then(|found| found.map_or(Ok(None), |standing| standing.state()));
        state.map_err(|fault| fault.told(&format!("reading the state of {view}"), &self.database().options))
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        self.read_rows(view, keys).await.map_err(|fault| self.told("rows", view, &fault))
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        view_pages::page(self, view, query).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.read_routes(view, streams).await.map_err(|fault| self.told("routes", view, &fault))
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        self.read_parked(view, streams).await.map_err(|fault| self.told("parked events", view, &fault))
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        batch.checkpoint.position.single_in(self.id())?;
        view_changes::apply(self, &batch).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        view_changes::reset(self, view, lease).await
    }
}

impl DynamoStore {
    /// Every view's own item, of views that were dropped, too.
    pub(crate) async fn standings(&self) -> Result<Vec<Standing>, Fault> {
        let query = Query::new(Table::Views, "#part = :part").name("#part", "Part");
        let query = query.value(":part", item::text(VIEWS));
        let found = self.database().query_up_to(query, usize::MAX).await?;
        found.items.iter().map(Standing::read).collect()
    }

    /// A fault of reading what a view keeps.
    pub(crate) fn told(&self, what: &str, view: &ViewId, fault: &Fault) -> StoreError {
        fault.told(&format!("reading {what} of {view}"), &self.database().options)
    }
}
