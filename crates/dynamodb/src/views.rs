//! Views. Laws V.

use annals_core::{Json, StreamId};
use annals_ports::{
    Lease, Parked, RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl ViewStore for DynamoStore {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        unimplemented!()
    }
    async fn state(&self, _: &ViewId) -> Result<Option<ViewState>, StoreError> {
        unimplemented!()
    }
    async fn rows(&self, _: &ViewId, _: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        unimplemented!()
    }
    async fn page(&self, _: &ViewId, _: &RowQuery) -> Result<RowPage, StoreError> {
        unimplemented!()
    }
    async fn routes(&self, _: &ViewId, _: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        unimplemented!()
    }
    async fn parked(&self, _: &ViewId, _: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        unimplemented!()
    }
    async fn apply(&self, _: ViewBatch) -> Result<(), ViewError> {
        unimplemented!()
    }
    async fn reset(&self, _: &ViewId, _: &Lease) -> Result<(), ViewError> {
        unimplemented!()
    }
}
