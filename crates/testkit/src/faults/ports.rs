//! The ports of a process: each call becomes a step, told in the words that errors are told in.

use std::time::Duration;

use annals_core::{Json, StreamHead, StreamId};
use annals_ports::{
    Acquired, Commit, CommitError, EventFeed, EventStore, FeedHealth, FeedPage, FeedPosition, FeedQuery,
    FeedStart, HistoryImport, ImportError, Imported, Lease, Leases, Parked, ReadRange, Receipt,
    RecordedCommit, RowPage, RowQuery, Snapshot, SnapshotStore, StoreError, StreamPage, TypePage, TypeQuery,
    ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

use super::Process;

#[async_trait]
impl EventStore for Process {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let events = self.store.events.clone();
        self.step(commit.doing(), async move { events.commit(commit).await }).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        let (events, stream) = (self.store.events.clone(), stream.clone());
        let doing = format!("reading {stream}");
        self.step(doing, async move { events.read_stream(&stream, range).await }).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        let (events, stream) = (self.store.events.clone(), stream.clone());
        let doing = format!("reading the head of {stream}");
        self.step(doing, async move { events.head(&stream).await }).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        let (events, query) = (self.store.events.clone(), query.clone());
        let doing = format!("reading the events of type {}", query.event_type);
        self.step(doing, async move { events.read_by_type(&query).await }).await
    }
}

#[async_trait]
impl EventFeed for Process {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let (feed, query, after) = (self.store.feed.clone(), query.clone(), after.clone());
        let doing = format!("reading the feed after {after}");
        self.step(doing, async move { feed.next(&query, &after, wait).await }).await
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        let feed = self.store.feed.clone();
        self.step(format!("finding the feed's {from:?}"), async move { feed.start(from).await }).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        let (feed, receipt) = (self.store.feed.clone(), receipt.clone());
        let doing = format!("locating commit {}", receipt.commit);
        self.step(doing, async move { feed.locate(&receipt).await }).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        let feed = self.store.feed.clone();
        self.step("asking for the feed's health".to_owned(), async move { feed.health().await }).await
    }
}

#[async_trait]
impl SnapshotStore for Process {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        let (snapshots, stream) = (self.store.snapshots.clone(), stream.clone());
        let doing = format!("reading the snapshot of {stream}");
        self.step(doing, async move { snapshots.latest(&stream).await }).await
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let snapshots = self.store.snapshots.clone();
        let doing = format!("saving a snapshot of {}", snapshot.stream());
        self.step(doing, async move { snapshots.save(snapshot).await }).await
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        let (snapshots, stream) = (self.store.snapshots.clone(), stream.clone());
        let doing = format!("removing the snapshot of {stream}");
        self.step(doing, async move { snapshots.remove(&stream).await }).await
    }
}

#[async_trait]
impl ViewStore for Process {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        let views = self.store.views.clone();
        self.step("listing the views".to_owned(), async move { views.list().await }).await
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        let (views, view) = (self.store.views.clone(), view.clone());
        let doing = format!("reading the state of {view}");
        self.step(doing, async move { views.state(&view).await }).await
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        let (views, view, keys) = (self.store.views.clone(), view.clone(), keys.to_vec());
        let doing = format!("reading {} rows of {view}", keys.len());
        self.step(doing, async move { views.rows(&view, &keys).await }).await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let (views, view, query) = (self.store.views.clone(), view.clone(), query.clone());
        let doing = format!("reading a page of {view}");
        self.step(doing, async move { views.page(&view, &query).await }).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        let (views, view, streams) = (self.store.views.clone(), view.clone(), streams.to_vec());
        let doing = format!("reading the routes of {} streams in {view}", streams.len());
        self.step(doing, async move { views.routes(&view, &streams).await }).await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        let (views, view, streams) = (self.store.views.clone(), view.clone(), streams.to_vec());
        let doing = format!("reading what waits for {} streams in {view}", streams.len());
        self.step(doing, async move { views.parked(&view, &streams).await }).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        let views = self.store.views.clone();
        let doing = format!("changing {} rows of {}", batch.changes.len(), batch.view);
        self.step(doing, async move { views.apply(batch).await }).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        let (views, view, lease) = (self.store.views.clone(), view.clone(), lease.clone());
        let doing = format!("dropping {view}");
        self.step(doing, async move { views.reset(&view, &lease).await }).await
    }
}

#[async_trait]
impl Leases for Process {
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError> {
        let (leases, name, owner) = (self.store.leases.clone(), name.to_owned(), owner.to_owned());
        let doing = format!("acquiring the lease {name} for {owner}");
        self.step(doing, async move { leases.acquire(&name, &owner, time_to_live).await }).await
    }

    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError> {
        let (leases, lease) = (self.store.leases.clone(), lease.clone());
        let doing = format!("renewing the lease {} of {}", lease.name, lease.owner);
        self.step(doing, async move { leases.renew(&lease, time_to_live).await }).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let (leases, lease) = (self.store.leases.clone(), lease.clone());
        let doing = format!("releasing the lease {} of {}", lease.name, lease.owner);
        self.step(doing, async move { leases.release(&lease).await }).await
    }
}

#[async_trait]
impl HistoryImport for Process {
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError> {
        let import = self.store.import.clone();
        let id = commit.id().map_or_else(|| "nothing".to_owned(), |id| format!("commit {id}"));
        self.step(format!("importing {id}"), async move { import.import(commit).await }).await
    }
}
