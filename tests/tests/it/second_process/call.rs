//! What one process asks of another: a call of a port, with what it is given. The other one's clock is the caller's.

use std::path::PathBuf;
use std::time::Duration;

use annals::Adapter;
use annals::StreamId;
use annals::ports::{
    Commit, FeedPosition, FeedQuery, FeedStart, Lease, ReadRange, Receipt, RecordedCommit, RowQuery,
    Snapshot, TypeQuery, ViewBatch, ViewId,
};
use serde_json::Value;

use super::carried::{Carried, Parts, carried};

/// A call, named after the port and its method.
#[derive(Debug)]
pub(super) enum Call {
    /// Opens the store in this file; its id is answered.
    Open(PathBuf),
    /// Begins to write to this file, as any program may, and does not end.
    HangWriting(PathBuf),
    Commit(Commit),
    ReadStream(StreamId, ReadRange),
    Head(StreamId),
    ReadByType(TypeQuery),
    FeedNext(FeedQuery, FeedPosition, Duration),
    FeedStart(FeedStart),
    FeedLocate(Receipt),
    FeedHealth,
    SnapshotLatest(StreamId),
    SnapshotSave(Snapshot),
    SnapshotRemove(StreamId),
    ViewList,
    ViewState(ViewId),
    ViewRows(ViewId, Vec<String>),
    ViewPage(ViewId, RowQuery),
    ViewRoutes(ViewId, Vec<StreamId>),
    ViewParked(ViewId, Vec<StreamId>),
    ViewApply(ViewBatch),
    ViewReset(ViewId, Lease),
    LeaseAcquire(String, String, Duration),
    LeaseRenew(Lease, Duration),
    LeaseRelease(Lease),
    Import(RecordedCommit),
    Describe,
}

carried! {
    enum Call {
        Open(file),
        HangWriting(file),
        Commit(commit),
        ReadStream(stream, range),
        Head(stream),
        ReadByType(query),
        FeedNext(query, after, wait),
        FeedStart(from),
        FeedLocate(receipt),
        FeedHealth,
        SnapshotLatest(stream),
        SnapshotSave(snapshot),
        SnapshotRemove(stream),
        ViewList,
        ViewState(view),
        ViewRows(view, keys),
        ViewPage(view, query),
        ViewRoutes(view, streams),
        ViewParked(view, streams),
        ViewApply(batch),
        ViewReset(view, lease),
        LeaseAcquire(name, owner, time),
        LeaseRenew(lease, time),
        LeaseRelease(lease),
        Import(commit),
        Describe
    }
}

/// Has the store carry out a call. Opening comes before there is a store, and is not for here.
pub(super) async fn answer(call: Call, store: &Adapter) -> Value {
    match call {
        Call::Open(file) | Call::HangWriting(file) => panic!("{} is open already", file.display()),
        Call::Commit(commit) => store.events.commit(commit).await.put(),
        Call::ReadStream(stream, range) => store.events.read_stream(&stream, range).await.put(),
        Call::Head(stream) => store.events.head(&stream).await.put(),
        Call::ReadByType(query) => store.events.read_by_type(&query).await.put(),
        Call::FeedNext(query, after, wait) => store.feed.next(&query, &after, wait).await.put(),
        Call::FeedStart(from) => store.feed.start(from).await.put(),
        Call::FeedLocate(receipt) => store.feed.locate(&receipt).await.put(),
        Call::FeedHealth => store.feed.health().await.put(),
        Call::SnapshotLatest(stream) => store.snapshots.latest(&stream).await.put(),
        Call::SnapshotSave(snapshot) => store.snapshots.save(snapshot).await.put(),
        Call::SnapshotRemove(stream) => store.snapshots.remove(&stream).await.put(),
        Call::ViewList => store.views.list().await.put(),
        Call::ViewState(view) => store.views.state(&view).await.put(),
        Call::ViewRows(view, keys) => store.views.rows(&view, &keys).await.put(),
        Call::ViewPage(view, query) => store.views.page(&view, &query).await.put(),
        Call::ViewRoutes(view, streams) => store.views.routes(&view, &streams).await.put(),
        Call::ViewParked(view, streams) => store.views.parked(&view, &streams).await.put(),
        Call::ViewApply(batch) => store.views.apply(batch).await.put(),
        Call::ViewReset(view, lease) => store.views.reset(&view, &lease).await.put(),
        Call::LeaseAcquire(name, owner, time) => store.leases.acquire(&name, &owner, time).await.put(),
        Call::LeaseRenew(lease, time) => store.leases.renew(&lease, time).await.put(),
        Call::LeaseRelease(lease) => store.leases.release(&lease).await.put(),
        Call::Import(commit) => store.import.import(commit).await.put(),
        Call::Describe => store.inspect.describe().await.put(),
    }
}
