//! Law A06: committing the same value again is safe, at any later time; another value under the same id is refused.

use annals_core::{CommitId, EventId, EventType, Json, RecordedEvent};
use annals_ports::{Adapter, Append, Commit, CommitError, Expectation, NewEvent, Receipt};
use tokio::task::JoinSet;

use super::StoreUnderTest;
use super::scene::{Scene, append, assert_dense, commit, commit_as, event, numbered};
use crate::generators::ExpectationKind;

/// One commit of each kind of expectation, each to a stream in the right state for it, with its first receipt.
async fn first_answers<S: StoreUnderTest>(scene: &Scene<S>) -> Vec<(String, Commit, Receipt)> {
    let mut answered = Vec::new();
    for kind in ExpectationKind::SATISFIABLE {
        let stream = format!("order-{kind:?}");
        if kind != ExpectationKind::NoStream {
            scene.grow(&stream, 2).await;
        }
        let expected = kind.of(scene.head(&stream).await);
        let also = format!("payment-{kind:?}");
        let value = commit(vec![
            append(&stream, expected, vec![numbered(1), numbered(2)]),
            append(&also, Expectation::Any, vec![numbered(3)]),
        ]);
        let receipt = scene.commit(value.clone()).await;
        assert!(!receipt.replayed, "the first commit says that it was a repetition");
        answered.push((stream, value, receipt));
    }
    answered
}

async fn assert_replayed<S: StoreUnderTest>(
    scene: &Scene<S>,
    through: &Adapter,
    answered: &[(String, Commit, Receipt)],
) {
    let before: Vec<RecordedEvent> = scene.history().await;
    for (stream, value, first) in answered {
        let again = scene.try_commit_through(through, value.clone()).await;
        let again =
            again.unwrap_or_else(|error| panic!("{stream}: a retry is answered, not refused: {error}"));
        assert_eq!(
            again,
            Receipt { replayed: true, ..first.clone() },
            "{stream}: a retry has the first answer"
        );
    }
    assert_eq!(scene.history().await, before, "a retry wrote something");
}

/// A06: for every kind of expectation, at once and after other commits, from this process and another.
pub async fn a06_a_retry_answers_with_the_first_receipt<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let answered = first_answers(&scene).await;
    let (here, there) = (scene.adapter(), scene.store.second().await);
    assert_replayed(&scene, &here, &answered).await;
    assert_replayed(&scene, &there, &answered).await;
    for _ in 0..3 {
        for (stream, ..) in &answered {
            scene.grow(stream, 2).await;
        }
        assert_replayed(&scene, &here, &answered).await;
        assert_replayed(&scene, &there, &answered).await;
    }
}

/// A06: "at any later time" includes after a restart.
pub async fn a06_a_retry_is_known_after_reopening<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let answered = first_answers(&scene).await;
    for (stream, ..) in &answered {
        scene.grow(stream, 1).await;
    }
    scene.reopen().await;
    let reopened = scene.adapter();
    assert_replayed(&scene, &reopened, &answered).await;
}

/// A06: when the answer is lost on the way, committing the same value again tells it, and writes nothing.
pub async fn a06_a_lost_answer_is_learned_by_committing_again<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    scene.grow("order-1", 2).await;
    let expectations =
        [Expectation::Any, Expectation::Exists, Expectation::unchanged(scene.head("order-1").await)];
    for (place, expected) in expectations.into_iter().rev().enumerate() {
        let Some(cut) = scene.store.cut_line().await else {
            return super::abilities::not_tried::<S>("A06", "cut the line after a write");
        };
        let value = commit(vec![append("order-1", expected, vec![numbered(1), numbered(2)])]);
        scene.try_commit_through(&cut, value.clone()).await.expect_err("its answer is lost");
        if place == 2 {
            scene.reopen().await;
        }
        let receipt = scene.commit(value).await;
        assert!(receipt.replayed, "{expected}: it was written before");
        assert_dense(&scene.read("order-1").await, 4 + 2 * place as u64);
    }
}

/// A06: the same id with any difference in streams, types, schema versions or payloads is refused.
pub async fn a06_the_same_id_with_another_value_is_refused<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let commit_id = CommitId::new();
    let two = || vec![numbered(1), numbered(2)];
    let first = vec![
        append("order-1", Expectation::Any, two()),
        append("order-2", Expectation::Any, vec![numbered(3)]),
    ];
    scene.commit(commit_as(commit_id, first.clone())).await;
    scene.grow("order-1", 1).await;

    let with_first = |change: &dyn Fn(&mut NewEvent)| {
        let mut appends = first.clone();
        change(&mut appends[0].events[0]);
        appends
    };
    let others: Vec<(&str, Vec<Append>)> = vec![
        ("payload", with_first(&|event| event.payload = numbered(9).payload)),
        ("type", with_first(&|event| event.event_type = EventType::new("Other").expect("valid"))),
        ("schema version", with_first(&|event| event.schema_version = 2)),
        ("one event less", vec![append("order-1", Expectation::Any, vec![numbered(1)]), first[1].clone()]),
        (
            "one event more",
            vec![
                append("order-1", Expectation::Any, vec![numbered(1), numbered(2), numbered(4)]),
                first[1].clone(),
            ],
        ),
        (
            "events in another order",
            vec![append("order-1", Expectation::Any, vec![numbered(2), numbered(1)]), first[1].clone()],
        ),
        ("one stream less", vec![first[0].clone()]),
        (
            "one stream more",
            vec![first[0].clone(), first[1].clone(), append("order-3", Expectation::Any, vec![numbered(1)])],
        ),
        ("another stream", vec![first[0].clone(), append("order-3", Expectation::Any, vec![numbered(3)])]),
        (
            "split otherwise",
            vec![
                append("order-1", Expectation::Any, vec![numbered(1)]),
                append("order-2", Expectation::Any, vec![numbered(2), numbered(3)]),
            ],
        ),
    ];
    let before = scene.history().await;
    for through in [scene.adapter(), scene.store.second().await] {
        for (what, appends) in &others {
            let outcome = scene.try_commit_through(&through, commit_as(commit_id, appends.clone())).await;
            match outcome {
                Err(CommitError::CommitIdReused { commit, .. }) => assert_eq!(commit, commit_id),
                other => {
                    panic!("the id was used before, and {what} differs: it must be refused, got {other:?}")
                }
            }
        }
    }
    assert_eq!(scene.history().await, before, "a refused commit wrote something");
}

/// A06: metadata is not compared, nor are the events' own ids: a command that is tried again may tell more about itself.
pub async fn a06_metadata_and_event_ids_are_not_compared<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let commit_id = CommitId::new();
    let first = scene
        .commit(commit_as(commit_id, vec![append("order-1", Expectation::NoStream, vec![numbered(1)])]))
        .await;
    let told_more = NewEvent {
        id: EventId::new(),
        metadata: Json::parse(r#"{"attempt":2}"#).expect("portable"),
        ..numbered(1)
    };
    let again = scene
        .commit(commit_as(commit_id, vec![append("order-1", Expectation::NoStream, vec![told_more])]))
        .await;
    assert_eq!(again, Receipt { replayed: true, ..first });
    let events = scene.read("order-1").await;
    assert!(events.len() == 1 && events[0].header.metadata.is_empty_object(), "the first stands: {events:?}");
}

/// A06: a payload that was spelt otherwise is the same value.
pub async fn a06_payloads_are_compared_by_value<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let commit_id = CommitId::new();
    let spelt = |text: &str| {
        let payload = Json::parse(text).expect("portable");
        let spelt = NewEvent { payload, ..event("Priced", &serde_json::json!({})) };
        commit_as(commit_id, vec![append("order-1", Expectation::NoStream, vec![spelt])])
    };
    scene.commit(spelt(r#"{"price":100,"name":"é","big":1e300,"small":0.1}"#)).await;
    let again =
        scene.commit(spelt(r#"{ "small": 1e-1, "big": 1.0e+300, "name": "\u00e9", "price": 1e2 }"#)).await;
    assert!(again.replayed);
    assert_dense(&scene.read("order-1").await, 1);
}

/// A06: repetitions that race with the first, from two processes, write once; all have the same answer. None is told a
/// conflict with its own events: the id was looked up no earlier than the head.
pub async fn a06_racing_retries_write_once<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    scene.grow("order-1", 1).await;
    for (round, kind) in ExpectationKind::SATISFIABLE.into_iter().enumerate() {
        let stream = if kind == ExpectationKind::NoStream { "order-new" } else { "order-1" };
        let before = scene.read(stream).await.len() as u64;
        let value =
            commit(vec![append(stream, kind.of(scene.head(stream).await), vec![numbered(1), numbered(2)])]);
        let mut racing = JoinSet::new();
        for racer in 0..20 {
            let (events, value) = (handles[racer % 2].events.clone(), value.clone());
            racing.spawn(async move { events.commit(value).await });
        }
        let answers: Vec<Receipt> = racing
            .join_all()
            .await
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|error| panic!("round {round}, {kind:?}: {error}")))
            .collect();
        let firsts = answers.iter().filter(|answer| !answer.replayed).count();
        assert_eq!(firsts, 1, "round {round}, {kind:?}: {firsts} answers say that they were the first");
        assert!(answers.iter().all(|answer| answer.outcome == answers[0].outcome), "{kind:?}: {answers:?}");
        assert_dense(&scene.read(stream).await, before + 2);
    }
}

/// A06: a conflict leaves nothing under the id: the same value may succeed once its expectation holds.
pub async fn a06_a_conflict_does_not_use_up_the_id<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let value = commit(vec![append("order-1", Expectation::Exists, vec![numbered(1)])]);
    let refused = scene.try_commit(value.clone()).await;
    assert!(matches!(refused, Err(CommitError::Conflict(_))), "the stream has no events: {refused:?}");
    scene.grow("order-1", 1).await;
    let receipt = scene.commit(value).await;
    assert!(!receipt.replayed, "nothing was recorded under the id before");
    assert_dense(&scene.read("order-1").await, 2);
}
