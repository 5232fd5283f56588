//! Law A12: a commit marked `once` takes effect at most once for its id, whatever it holds by then.

use annals_core::{CommitId, Json};
use annals_ports::{Append, Commit, CommitError, Expectation, Outcome, Receipt};
use tokio::task::JoinSet;

use super::StoreUnderTest;
use super::scene::{Scene, append, assert_dense, numbered};

fn once(id: CommitId, appends: Vec<Append>) -> Commit {
    Commit::once(id, appends).expect("a test's commits keep the limits")
}

fn refusal(id: CommitId, reason: &str) -> Commit {
    let reason = Json::from_value(&serde_json::json!({ "reason": reason })).expect("portable");
    Commit::refusal(id, reason).expect("a short reason")
}

#[track_caller]
fn assert_refused(receipt: &Receipt, reason: &str) {
    match &receipt.outcome {
        Outcome::Refused { reason: found } => {
            assert_eq!(found, &Json::from_value(&serde_json::json!({ "reason": reason })).expect("portable"));
        }
        other => panic!("the outcome is the refusal {reason:?}, got {other:?}"),
    }
}

/// A12: the state moved on, the decision was made again and came out otherwise: the first outcome stands.
pub async fn a12_once_takes_effect_once_whatever_was_decided_since<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let id = CommitId::from_key("charge order 1");
    let first =
        scene.commit(once(id, vec![append("order-1", Expectation::NoStream, vec![numbered(1)])])).await;
    assert!(!first.replayed);
    let later = scene.grow("order-1", 2).await;
    let before = scene.history().await;
    let others = [
        vec![append("order-1", Expectation::NoStream, vec![numbered(1)])],
        vec![append("order-1", Expectation::Head(later), vec![numbered(7), numbered(8)])],
        vec![append("order-2", Expectation::NoStream, vec![numbered(1)])],
        vec![
            append("order-1", Expectation::Any, vec![numbered(1)]),
            append("order-2", Expectation::Any, vec![numbered(1)]),
        ],
    ];
    for round in 0..2 {
        for through in [scene.adapter(), scene.store.second().await] {
            for appends in &others {
                let again = scene.try_commit_through(&through, once(id, appends.clone())).await;
                let again =
                    again.unwrap_or_else(|error| panic!("round {round}: the first outcome answers: {error}"));
                assert_eq!(again, Receipt { replayed: true, ..first.clone() });
            }
        }
        scene.reopen().await;
    }
    assert_eq!(scene.history().await, before, "a second effect was recorded");
}

/// A12: a refusal is an outcome, too, recorded without events; whatever comes later under its id is answered by it.
pub async fn a12_a_recorded_refusal_answers_whatever_comes_later<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let id = CommitId::from_key("reserve for order 1");
    let first = scene.commit(refusal(id, "sold out")).await;
    assert!(!first.replayed, "the refusal was recorded just now");
    assert_refused(&first, "sold out");
    scene.grow("order-1", 1).await;
    let before = scene.history().await;
    for round in 0..2 {
        for through in [scene.adapter(), scene.store.second().await] {
            let later = [
                refusal(id, "sold out"),
                refusal(id, "closed by now"),
                once(id, vec![append("order-1", Expectation::Any, vec![numbered(1)])]),
            ];
            for commit in later {
                let again = scene.try_commit_through(&through, commit).await;
                let again =
                    again.unwrap_or_else(|error| panic!("round {round}: the refusal answers: {error}"));
                assert!(again.replayed, "round {round}: nothing was written by this call");
                assert_refused(&again, "sold out");
            }
        }
        scene.reopen().await;
    }
    assert_eq!(scene.history().await, before, "a refused command took effect");
}

/// A12, C02: that there was nothing to change is an outcome, too, recorded without events; whatever comes later under its
/// id is answered by it, though by then there would be something to change.
pub async fn a12_a_recorded_empty_decision_answers_whatever_comes_later<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let id = CommitId::from_key("empty order 1");
    let first = scene.commit(Commit::unchanged(id)).await;
    assert_eq!(first, Receipt { commit: id, outcome: Outcome::Unchanged, replayed: false });
    scene.grow("order-1", 1).await;
    let before = scene.history().await;
    for round in 0..2 {
        for through in [scene.adapter(), scene.store.second().await] {
            let later = [
                Commit::unchanged(id),
                refusal(id, "closed by now"),
                once(id, vec![append("order-1", Expectation::Any, vec![numbered(1)])]),
            ];
            for commit in later {
                let again = scene.try_commit_through(&through, commit).await;
                let again =
                    again.unwrap_or_else(|error| panic!("round {round}: the first outcome answers: {error}"));
                assert_eq!(again, Receipt { replayed: true, ..first.clone() }, "round {round}");
            }
        }
        scene.reopen().await;
    }
    assert_eq!(scene.history().await, before, "what was to change nothing took effect");
}

/// A12: after another outcome an empty decision comes too late.
pub async fn a12_an_empty_decision_after_another_outcome_answers_with_it<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (effect, refused) = (CommitId::from_key("ship order 1"), CommitId::from_key("ship order 2"));
    let firsts = [
        scene.commit(once(effect, vec![append("order-1", Expectation::NoStream, vec![numbered(1)])])).await,
        scene.commit(refusal(refused, "sold out")).await,
    ];
    for first in firsts {
        let late = scene.commit(Commit::unchanged(first.commit)).await;
        assert_eq!(late, Receipt { replayed: true, ..first });
    }
}

/// A12: after an effect a refusal comes too late.
pub async fn a12_a_refusal_after_the_effect_answers_with_the_effect<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let id = CommitId::from_key("ship order 1");
    let effect =
        scene.commit(once(id, vec![append("order-1", Expectation::NoStream, vec![numbered(1)])])).await;
    let late = scene.commit(refusal(id, "no longer")).await;
    assert_eq!(late, Receipt { replayed: true, ..effect });
    assert_dense(&scene.read("order-1").await, 1);
}

/// A12: under an id that stands for an outcome without events, a commit that is not `once` is no retry (A06).
pub async fn a12_a_plain_commit_under_a_refusals_id_is_refused<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    for outcome in [refusal(CommitId::new(), "sold out"), Commit::unchanged(CommitId::new())] {
        let appends = vec![append("order-1", Expectation::Any, vec![numbered(1)])];
        let plain = Commit::new(outcome.id(), appends).expect("valid");
        scene.commit(outcome).await;
        let answer = scene.try_commit(plain).await;
        assert!(matches!(answer, Err(CommitError::CommitIdReused { .. })), "got {answer:?}");
    }
    assert!(scene.read("order-1").await.is_empty());
}

/// A12: a conflict is no outcome: decided again, the commit may still take its one effect.
pub async fn a12_a_conflict_is_no_outcome<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let id = CommitId::from_key("pay order 1");
    let head = scene.grow("order-1", 1).await;
    let conflict =
        scene.try_commit(once(id, vec![append("order-1", Expectation::NoStream, vec![numbered(1)])])).await;
    assert!(matches!(conflict, Err(CommitError::Conflict(_))), "got {conflict:?}");
    let receipt =
        scene.commit(once(id, vec![append("order-1", Expectation::Head(head), vec![numbered(2)])])).await;
    assert!(!receipt.replayed);
    assert_dense(&scene.read("order-1").await, 2);
}

/// A12: deliveries that race, from two processes, each having decided for itself, have one effect and one answer.
pub async fn a12_racing_deliveries_have_one_outcome<S: StoreUnderTest>() {
    const DELIVERIES: u64 = 20;
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    for round in 0..4_u64 {
        let id = CommitId::from_key(&format!("command {round}"));
        let mut racing = JoinSet::new();
        for delivery in 0..DELIVERIES {
            let events = handles[usize::from(delivery % 2 == 1)].events.clone();
            // In every second round some of them decide to refuse, and some find nothing to do.
            let commit = match (round % 2, delivery % 3) {
                (1, 0) => refusal(id, &format!("delivery {delivery}")),
                (1, 1) => Commit::unchanged(id),
                _ => {
                    let stream = format!("order-{round}x{delivery}");
                    once(id, vec![append(&stream, Expectation::NoStream, vec![numbered(delivery)])])
                }
            };
            racing.spawn(async move { events.commit(commit).await });
        }
        let answers: Vec<Receipt> = racing
            .join_all()
            .await
            .into_iter()
            .map(|answer| {
                answer.unwrap_or_else(|error| panic!("round {round}: a delivery is answered: {error}"))
            })
            .collect();
        let firsts = answers.iter().filter(|answer| !answer.replayed).count();
        assert_eq!(firsts, 1, "round {round}: {firsts} answers say that they took effect");
        assert!(
            answers.iter().all(|answer| answer.outcome == answers[0].outcome),
            "round {round}: {answers:?}"
        );
        let mut effects = 0;
        for delivery in 0..DELIVERIES {
            effects += scene.read(&format!("order-{round}x{delivery}")).await.len();
        }
        assert_eq!(effects, answers[0].appended().len(), "round {round}: the effect is the outcome's");
    }
}
