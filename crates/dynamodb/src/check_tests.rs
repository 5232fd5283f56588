//! Checking and recovering: each thing that can be ahead of history is found alone, by its name, and is gone afterwards.

use annals_core::{CommitId, Digest, EventId, EventType, Json, StreamHead, StreamId, Version};
use annals_ports::{
    Append, CheckedPart, Commit, EventFeed, EventStore, Expectation, FeedStart, Finding, IndexValues,
    NewEvent, Parked, Receipt, Recovered, Remedy, Snapshot, SnapshotStore, Upkeep, ViewId, ViewStore,
};

use crate::DynamoStore;
use crate::item;
use crate::marker::{self, Marked, Marker, Places};
use crate::tables::Table;
use crate::view_items;
use crate::view_tests::{batch, delete_tables, endpoint, lease, open_with_feed, prefix, put, view};
use crate::write::Write;

fn stream(name: &str) -> StreamId {
    name.parse().expect("a stream")
}

async fn commit(store: &DynamoStore, name: &str, once: bool) -> Receipt {
    let event = NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").expect("a type"),
        schema_version: 1,
        payload: Json::empty(),
        metadata: Json::empty(),
    };
    let appends = vec![Append::new(stream(name), Expectation::Any, vec![event])];
    let commit =
        if once { Commit::once(CommitId::new(), appends) } else { Commit::new(CommitId::new(), appends) };
    store.commit(commit.expect("a small commit")).await.expect("it is committed")
}

async fn findings(store: &DynamoStore) -> Vec<Finding> {
    store.check(&mut |_| {}).await.expect("the store can be checked").kept().to_vec()
}

/// What is found, in short.
fn told(findings: &[Finding]) -> Vec<(CheckedPart, Remedy, String)> {
    findings.iter().map(|finding| (finding.part, finding.remedy, finding.problem.clone())).collect()
}

async fn save(store: &DynamoStore, name: &str, head: StreamHead) {
    let snapshot = Snapshot::new(stream(name), head, 1, Json::empty()).expect("a small one");
    SnapshotStore::save(store, snapshot).await.expect("a snapshot can be saved");
}

async fn mark(store: &DynamoStore, id: CommitId, what: Marked) {
    let marker = Marker { what, by: marker::draw() };
    store.database().write(&marker::write(id, &marker)).await.expect("a marker can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ahead_of_history_is_found_and_removed() {
    let store = open_with_feed(&endpoint().await, &prefix()).await;
    let lease = lease(&store).await;
    let receipt = commit(&store, "order-1", true).await;
    let (head, plain) = (receipt.appended()[0].head, commit(&store, "order-2", false).await);
    save(&store, "order-1", head).await;
    let position = store.start(FeedStart::End).await.expect("an end");
    let mut begin = batch(&store, &lease, None, 1);
    begin.checkpoint.position = position.clone();
    begin.changes = vec![put("a", 1, IndexValues::none().with("by", ["x"]))];
    let waits = |name: &str, version| Parked {
        awaits: stream("order-9"),
        stream: stream(name),
        version: Version::new(version),
    };
    begin.park = vec![waits("order-1", 1)];
    store.apply(begin).await.expect("a batch");
    assert_eq!(told(&findings(&store).await), [], "nothing is ahead");

    // A snapshot of a version that is not there, and one of another digest.
    save(&store, "order-3", StreamHead { version: Version::new(7), ..head }).await;
    save(&store, "order-2", StreamHead { digest: Digest::from_bytes([7; 32]), ..plain.appended()[0].head })
        .await;
    // An outcome whose events are gone, and one that says that there are none.
    let gone = CommitId::new();
    let places = Places { stream: stream("order-2"), first: Version::new(2), last: Version::new(2) };
    mark(&store, gone, Marked::Events(vec![places])).await;
    let refused = plain.commit;
    store
        .database()
        .write(&Write::delete(Table::Events, marker::key(refused)))
        .await
        .expect("its own marker goes");
    mark(&store, refused, Marked::Unchanged).await;
    // A view that waits for an event that is not there, one from elsewhere, and what is nobody's.
    let mut waiting = batch(&store, &lease, None, 1);
    waiting.view.version = 2;
    waiting.checkpoint.position = position;
    waiting.park = vec![waits("order-1", 2)];
    store.apply(waiting).await.expect("a batch");
    let mut elsewhere = batch(&store, &lease, None, 1_000_000);
    elsewhere.view.version = 3;
    store.apply(elsewhere).await.expect("a batch");
    let mut orphan = view_items::Parts::of(&view(), 77, 8).row("a");
    orphan.insert("At".to_owned(), item::number(1));
    store.database().write(&Write::put(Table::Views, orphan)).await.expect("an item can be put");

    let found = findings(&store).await;
    let parts: Vec<_> = found.iter().map(|finding| (finding.part, finding.remedy)).collect();
    let of = |part| parts.iter().filter(|found| **found == (part, Remedy::Recover)).count();
    assert_eq!(
        (of(CheckedPart::Once), of(CheckedPart::Snapshots), of(CheckedPart::Views), found.len()),
        (2, 2, 3, 7),
        "{found:#?}"
    );
    for (expected, place) in [
        (format!("commit {gone} is kept, and its events are not there"), "events"),
        (format!("commit {refused} is kept as an outcome without events, and has some"), "events"),
        ("its snapshot is of an event that is not there".to_owned(), "order-3 v7"),
        ("its snapshot is of an event that is not there".to_owned(), "order-2 v1"),
        ("it waits in the view, and is not there".to_owned(), "order-1 v2"),
    ] {
        let is_it = |finding: &&Finding| finding.problem == expected && finding.place().contains(place);
        assert!(found.iter().any(|finding| is_it(&finding)), "{expected} ({place}) in {found:#?}");
    }

    let Recovered { mut views, snapshots, once } = store.recover().await.expect("it can be recovered");
    views.sort_unstable();
    let ahead = [2, 3].map(|version| ViewId { version, ..view() });
    assert_eq!((views.as_slice(), snapshots, once), (&ahead[..], 2, 2));
    assert_eq!(told(&findings(&store).await), [], "nothing is ahead any more");
    let left: Vec<_> =
        store.list().await.expect("views can be listed").into_iter().map(|state| state.view).collect();
    assert_eq!(left, [view()], "what was sound stays");
    assert!(store.latest(&stream("order-1")).await.expect("snapshots can be read").is_some());
    assert_eq!(store.recover().await.expect("it can be recovered"), Recovered::default(), "once is enough");
    delete_tables(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn torn_commits_and_wrong_counts_are_found() {
    let store = open_with_feed(&endpoint().await, &prefix()).await;
    let lease = lease(&store).await;
    let mut begin = batch(&store, &lease, None, 1);
    commit(&store, "order-1", false).await;
    begin.checkpoint.position = store.start(FeedStart::End).await.expect("an end");
    begin.changes = vec![put("a", 1, IndexValues::none())];
    store.apply(begin).await.expect("a batch");
    let event = item::text("order-1");
    let key = [("AggregateId".to_owned(), event), ("Version".to_owned(), item::number(1))].into();
    let torn = Write::update(Table::Events, key, "SET #size = :two").name("#size", "CommitSize");
    store
        .database()
        .write(&torn.value(":two", item::number(2)))
        .await
        .expect("an event can be changed by hand");
    let counted = Write::update(Table::Views, view_items::view_key(&view()), "SET #rows = :two");
    let counted = counted.name("#rows", "Rows").value(":two", item::number(2));
    store.database().write(&counted).await.expect("a count can be changed by hand");
    let found = findings(&store).await;
    let is_told = |part, remedy, says: &str| {
        found.iter().any(|f| (f.part, f.remedy) == (part, remedy) && f.problem.contains(says))
    };
    assert!(is_told(CheckedPart::Commits, Remedy::RestoreBackup, "has 1 of its 2 events"), "{found:#?}");
    assert!(is_told(CheckedPart::Views, Remedy::RebuildView, "it counts 2 rows and has 1"), "{found:#?}");
    delete_tables(&store).await;
}
