//! Laws A13 and A14: history that is imported as it was recorded, and digests that show every edit.

use std::collections::BTreeMap;

use annals_core::{Json, RecordedEvent, StreamHead, StreamId, Timestamp, verify_link};
use annals_ports::{
    Adapter, Commit, CommitError, Expectation, ImportError, Imported, Outcome, RecordedCommit, verify_stream,
};

use super::StoreUnderTest;
use super::scene::{Scene, append, assert_dense, history, numbered, one, read_stream};
use crate::generators;

/// The commits of a history, in an order in which each continues its streams. The feed alone need not give one: it may have
/// a commit's events apart, and those of a later one between them (F02).
fn whole_commits(history: Vec<RecordedEvent>) -> Vec<RecordedCommit> {
    let mut open: Vec<Vec<RecordedEvent>> = Vec::new();
    for event in history {
        let id = event.header.commit.id;
        match open.iter_mut().find(|events| events[0].header.commit.id == id) {
            Some(events) => events.push(event),
            None => open.push(vec![event]),
        }
    }
    for events in &mut open {
        events.sort_by_key(|event| event.header.commit.index);
        assert_eq!(events.len(), usize::from(events[0].header.commit.size), "the feed ends within a commit");
    }
    let mut heads: BTreeMap<StreamId, u64> = BTreeMap::new();
    let mut whole = Vec::new();
    while !open.is_empty() {
        let follows = |events: &Vec<RecordedEvent>| {
            let mut pieces = events.chunk_by(|a, b| a.header.stream == b.header.stream);
            pieces.all(|piece| {
                let first = &piece[0].header;
                heads.get(&first.stream).copied().unwrap_or_default() + 1 == first.version.get()
            })
        };
        let next = open.iter().position(follows).expect("some commit follows what came before");
        let events = open.remove(next);
        for event in &events {
            heads.insert(event.header.stream.clone(), event.header.version.get());
        }
        whole.push(RecordedCommit::Events(events));
    }
    whole
}

/// A history of many shapes, and the commits that made it.
async fn write_history<S: StoreUnderTest>(scene: &Scene<S>) -> Vec<Commit> {
    let mut committed = Vec::new();
    for script in generators::samples(&generators::commit_script(15), 13, 3) {
        for scripted in script {
            let commit = scripted.resolve(scene.events().as_ref()).await.expect("heads can be read");
            if scene.try_commit(commit.clone()).await.is_ok() {
                committed.push(commit);
            }
        }
    }
    let events = generators::samples(&generators::new_event(), 13, 20);
    let odd = super::scene::commit(vec![append("odd-1", Expectation::NoStream, events)]);
    scene.commit(odd.clone()).await;
    committed.push(odd);
    assert!(committed.len() > 10, "only {} commits succeeded", committed.len());
    committed
}

fn streams_of(history: &[RecordedEvent]) -> Vec<StreamId> {
    let mut streams: Vec<_> = history.iter().map(|event| event.header.stream.clone()).collect();
    streams.sort();
    streams.dedup();
    streams
}

async fn heads(adapter: &Adapter, streams: &[StreamId]) -> Vec<Option<StreamHead>> {
    let mut heads = Vec::new();
    for stream in streams {
        heads.push(adapter.events.head(stream).await.expect("heads can be read"));
    }
    heads
}

/// A13: a copy has every id, stamp and digest of the original; copying again changes nothing; it is written on from there.
pub async fn a13_an_import_writes_history_as_it_was<S: StoreUnderTest>() {
    let original = Scene::<S>::new().await;
    let committed = write_history(&original).await;
    let history_there = original.history().await;
    let refusal = RecordedCommit::Refusal {
        id: annals_core::CommitId::from_key("refused"),
        reason: Json::parse(r#"{"reason":"sold out"}"#).expect("portable"),
    };
    let mut exported = whole_commits(history_there.clone());
    exported.insert(exported.len() / 2, refusal);
    let unchanged = annals_core::CommitId::from_key("unchanged");
    exported.insert(exported.len() / 3, RecordedCommit::Unchanged { id: unchanged });

    let mut copy = Scene::<S>::new().await;
    for again in [Imported::Written, Imported::AlreadyThere] {
        for commit in &exported {
            let imported = copy.adapter().import.import(commit.clone()).await;
            assert_eq!(imported.unwrap_or_else(|error| panic!("{error}: {commit:?}")), again);
        }
        copy.reopen().await;
    }
    let streams = streams_of(&history_there);
    assert_eq!(heads(&copy.adapter(), &streams).await, heads(&original.adapter(), &streams).await);
    for stream in &streams {
        assert_eq!(
            read_stream(&copy.adapter(), stream).await,
            read_stream(&original.adapter(), stream).await
        );
        verify_stream(copy.events().as_ref(), stream).await.unwrap_or_else(|error| panic!("{error}"));
    }
    let by_id = |events: Vec<RecordedEvent>| -> BTreeMap<_, _> {
        events.into_iter().map(|event| (event.header.id, event)).collect()
    };
    assert_eq!(by_id(copy.history().await), by_id(history_there), "the feed tells the copy's history");
    // A06 and A12 hold across the copy.
    for commit in committed {
        assert!(copy.commit(commit).await.replayed, "a commit is known in the copy");
    }
    let late = Commit::once(
        annals_core::CommitId::from_key("refused"),
        vec![append("order-1", Expectation::Any, vec![numbered(1)])],
    );
    assert!(copy.commit(late.expect("valid")).await.replayed, "a refusal is known in the copy");
    let late = Commit::once(unchanged, vec![append("order-1", Expectation::Any, vec![numbered(1)])]);
    let late = copy.commit(late.expect("valid")).await;
    assert!(
        late.replayed && late.outcome == Outcome::Unchanged,
        "an empty decision is known in the copy: {late:?}"
    );
    let before = copy.head("order-1").await.map_or(0, |head| head.version.get());
    copy.grow("order-1", 2).await;
    assert_dense(&copy.read("order-1").await, before + 2);
    verify_stream(copy.events().as_ref(), &super::scene::id("order-1")).await.expect("the chain goes on");
}

/// Three commits to one stream as they were recorded, for a store that does not have them.
async fn three_commits<S: StoreUnderTest>() -> Vec<Vec<RecordedEvent>> {
    let original = Scene::<S>::new().await;
    for _ in 0..3 {
        original.grow("order-1", 2).await;
    }
    let commits = whole_commits(original.history().await);
    commits
        .into_iter()
        .map(|commit| match commit {
            RecordedCommit::Events(events) => events,
            RecordedCommit::Refusal { .. } | RecordedCommit::Unchanged { .. } => Vec::new(),
        })
        .collect()
}

/// A13: history is continued or left alone: no gap, no second past.
pub async fn a13_an_import_that_does_not_continue_the_head_conflicts<S: StoreUnderTest>() {
    let commits = three_commits::<S>().await;
    let scene = Scene::<S>::new().await;
    let import = |place: usize| {
        let (adapter, commit) = (scene.adapter(), RecordedCommit::Events(commits[place].clone()));
        async move { adapter.import.import(commit).await }
    };
    let gap = import(1).await;
    assert!(matches!(gap, Err(ImportError::Conflict(_))), "versions 1 and 2 are missing: {gap:?}");
    assert_eq!(import(0).await.expect("it begins the stream"), Imported::Written);
    let gap = import(2).await;
    assert!(matches!(gap, Err(ImportError::Conflict(_))), "versions 3 and 4 are missing: {gap:?}");
    scene.grow("order-1", 2).await;
    let other = import(1).await;
    assert!(matches!(other, Err(ImportError::Conflict(_))), "other events stand there: {other:?}");
    assert_dense(&scene.read("order-1").await, 4);
}

/// A13: an import that continues the stream's version, yet not its contents, is refused by its digest.
pub async fn a13_an_import_onto_another_past_is_refused<S: StoreUnderTest>() {
    let commits = three_commits::<S>().await;
    let scene = Scene::<S>::new().await;
    scene.grow("order-1", 2).await;
    let outcome = scene.adapter().import.import(RecordedCommit::Events(commits[1].clone())).await;
    assert!(matches!(outcome, Err(ImportError::Digest(_))), "got {outcome:?}");
    assert_dense(&scene.read("order-1").await, 2);
}

/// A13: what was changed on the way is refused, whichever part it is, and nothing of its commit is written.
pub async fn a13_a_tampered_import_is_refused<S: StoreUnderTest>() {
    let commits = three_commits::<S>().await;
    let scene = Scene::<S>::new().await;
    for (what, tamper) in tamperings() {
        for place in 0..2 {
            let mut events = commits[0].clone();
            tamper(&mut events[place]);
            let outcome = scene.adapter().import.import(RecordedCommit::Events(events)).await;
            let is_refused = matches!(
                outcome,
                Err(ImportError::Digest(_) | ImportError::NotACommit { .. } | ImportError::Conflict(_))
            );
            assert!(is_refused, "event {place} with another {what} was imported: {outcome:?}");
        }
    }
    let mut changed = commits[0].clone();
    changed[1].payload = numbered(1_000).payload;
    let outcome = scene.adapter().import.import(RecordedCommit::Events(changed)).await;
    assert!(
        matches!(outcome, Err(ImportError::Digest(_))),
        "a changed payload breaks the digest: {outcome:?}"
    );
    assert!(history(&scene.adapter()).await.is_empty(), "a refused import wrote something");
}

/// A13: a commit is imported whole.
pub async fn a13_a_part_of_a_commit_is_refused<S: StoreUnderTest>() {
    let commits = three_commits::<S>().await;
    let scene = Scene::<S>::new().await;
    let [first, second] = [commits[0][0].clone(), commits[0][1].clone()];
    let other = commits[1][0].clone();
    let parts = [
        vec![],
        vec![first.clone()],
        vec![second.clone()],
        vec![second.clone(), first.clone()],
        vec![first.clone(), second, other.clone()],
        vec![first, other],
    ];
    for events in parts {
        let outcome = scene.adapter().import.import(RecordedCommit::Events(events.clone())).await;
        assert!(matches!(outcome, Err(ImportError::NotACommit { .. })), "{events:?} gave {outcome:?}");
    }
    assert!(history(&scene.adapter()).await.is_empty(), "a refused import wrote something");
}

/// A13: an id that stands for something else in the store is not given a second meaning.
pub async fn a13_an_import_under_a_used_id_is_refused<S: StoreUnderTest>() {
    let commits = three_commits::<S>().await;
    let scene = Scene::<S>::new().await;
    let id = commits[0][0].header.commit.id;
    scene
        .commit(super::scene::commit_as(id, vec![append("payment-1", Expectation::Any, vec![numbered(1)])]))
        .await;
    let reason = Json::parse(r#"{"reason":"sold out"}"#).expect("portable");
    let others = [
        RecordedCommit::Events(commits[0].clone()),
        RecordedCommit::Refusal { id, reason },
        RecordedCommit::Unchanged { id },
    ];
    for commit in others {
        let outcome = scene.adapter().import.import(commit).await;
        assert!(
            matches!(outcome, Err(ImportError::Commit(CommitError::CommitIdReused { .. }))),
            "got {outcome:?}"
        );
    }
    assert_eq!(scene.history().await.len(), 1);
}

type Tampering = fn(&mut RecordedEvent);

/// One edit for each thing that is recorded.
fn tamperings() -> Vec<(&'static str, Tampering)> {
    vec![
        ("payload", |event| event.payload = numbered(1_000).payload),
        ("metadata", |event| event.header.metadata = numbered(1).payload),
        ("type", |event| event.header.event_type = annals_core::EventType::new("Other").expect("valid")),
        ("schema version", |event| event.header.schema_version += 1),
        ("id", |event| event.header.id = annals_core::EventId::new()),
        ("commit", |event| event.header.commit.id = annals_core::CommitId::new()),
        ("place in the commit", |event| event.header.commit.index += 1),
        ("size of the commit", |event| event.header.commit.size += 1),
        ("stream", |event| event.header.stream = super::scene::id("order-2")),
        ("version", |event| event.header.version = event.header.version.next()),
        ("stamp", |event| {
            event.header.recorded_at = Timestamp::from_micros(event.header.recorded_at.as_micros() + 1);
        }),
        ("digest", |event| event.header.digest = annals_core::Digest::from_bytes([7; 32])),
    ]
}

/// A14: every stream's digests follow from its events, whatever wrote them, and the head tells the last.
pub async fn a14_every_stream_verifies<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    write_history(&scene).await;
    let streams = streams_of(&scene.history().await);
    assert!(streams.len() > 3, "the scripts wrote to {streams:?} only");
    for _ in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            for stream in &streams {
                let verdict = verify_stream(adapter.events.as_ref(), stream).await;
                let verdict = verdict.unwrap_or_else(|error| panic!("{error}"));
                assert!(verdict.head.is_some(), "{stream} has events");
            }
        }
        scene.reopen().await;
    }
}

/// A14: an edit of anything that is recorded shows in the digest as it was read from the store.
pub async fn a14_every_edit_shows<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-1", 2).await;
    let events = scene.read("order-1").await;
    verify_link(&events[0].header.digest, &events[1]).expect("as it was recorded, it verifies");
    for (what, tamper) in tamperings() {
        let mut edited = events[1].clone();
        tamper(&mut edited);
        assert!(verify_link(&events[0].header.digest, &edited).is_err(), "another {what} does not show");
    }
    assert!(
        verify_link(&annals_core::Digest::ORIGIN, &events[1]).is_err(),
        "a missing predecessor does not show"
    );
}

/// A14: streams that differ in anything, their names included, have heads that differ.
pub async fn a14_equal_heads_mean_equal_streams<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let mut digests = Vec::new();
    for stream in ["order-1", "order-2", "payment-1"] {
        for number in [1, 1, 2] {
            let receipt = scene.commit(one(stream, Expectation::Any, number)).await;
            digests.push(receipt.appended()[0].head.digest);
        }
    }
    let told = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), told, "two different streams had the same digest");
}
