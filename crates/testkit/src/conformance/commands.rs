//! Laws C01 to C03, through the application layer over the store under test: on which state a command is answered,
//! what it writes, and what becomes of it when another came first.

use std::sync::Arc;

use annals_application::{ExecuteError, Executed};
use annals_core::{StreamHead, StreamId};
use annals_ports::{
    Adapter, Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use async_trait::async_trait;

use super::layers::Tallies;
use super::scene::Scene;
use super::tally::TallyCommand::{Count, Empty, Take};
use super::tally::{Tally, TallyCommand, TallyEvent, TooLittle};
use super::{Layers, StoreUnderTest};

/// Carries out what must succeed.
async fn done(tallies: &Arc<dyn Tallies>, command: TallyCommand) -> Executed<Tally> {
    let what = format!("{command:?}");
    tallies.execute("1", command).await.unwrap_or_else(|error| panic!("{what} must succeed: {error}"))
}

/// Two repositories that each keep what they know, over the store as two processes have it.
async fn two<S: StoreUnderTest>(scene: &Scene<S>) -> (Arc<dyn Tallies>, Arc<dyn Tallies>) {
    let layers: Arc<dyn Layers> = scene.store.layers();
    (layers.cached(&scene.adapter()), layers.cached(&scene.store.second().await))
}

/// C01: a refusal rests on the head: what another process committed since is known before one is refused.
pub async fn c01_a_refusal_is_made_on_the_head<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, there) = two(&scene).await;
    done(&here, Count(5)).await;
    done(&there, Count(10)).await;
    let taken = done(&here, Take(15)).await;
    assert_eq!((taken.version.get(), taken.state.total), (3, 0));
    // What the other one knows is the head, so that nothing but a refusal is tried here.
    there.load("1").await.expect("a tally can be loaded");
    done(&there, Count(4)).await;
    match here.execute("1", Take(100)).await {
        Err(ExecuteError::Rejected(refusal)) => {
            assert_eq!(refusal, TooLittle { there: 4, wanted: 100 }, "the refusal tells the head's state");
        }
        other => panic!("there is too little, got {other:?}"),
    }
}

/// C01: so does the answer that there is nothing to do.
pub async fn c01_an_empty_decision_is_made_on_the_head<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, there) = two(&scene).await;
    done(&here, Count(5)).await;
    done(&here, Empty).await;
    done(&there, Count(7)).await;
    let emptied = done(&here, Empty).await;
    assert_eq!(emptied.events, [TallyEvent::Taken { by: 7 }], "there was something by then");
}

/// C01: a state that is read is the head's, though an earlier one is known.
pub async fn c01_a_load_is_of_the_head<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, there) = two(&scene).await;
    done(&here, Count(5)).await;
    for round in 1..=3 {
        done(&there, Count(10)).await;
        let state = here.load("1").await.expect("a tally can be loaded");
        assert_eq!((state.version().get(), state.state.total), (1 + round, 5 + 10 * round));
    }
}

/// C02: what changes nothing writes nothing, whether the stream has events or not.
pub async fn c02_a_decision_without_events_writes_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, _) = two(&scene).await;
    for events in [0, 2] {
        if events > 0 {
            done(&here, Count(5)).await;
            done(&here, Take(5)).await;
        }
        let before = scene.history().await;
        let answer = done(&here, Empty).await;
        assert!(answer.is_unchanged() && answer.events.is_empty(), "nothing happened, got {answer:?}");
        assert_eq!(answer.version.get(), events);
        assert_eq!(scene.history().await, before, "an empty decision wrote something");
    }
}

/// C03: who knew an earlier state reads what was added, decides again, and succeeds.
pub async fn c03_a_conflict_is_decided_again<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, there) = two(&scene).await;
    done(&here, Count(5)).await;
    for round in 1..=3_u64 {
        done(&there, Count(10)).await;
        let counted = done(&here, Count(1)).await;
        assert_eq!((counted.version.get(), counted.state.total), (1 + 2 * round, 5 + 11 * round));
    }
    let state = scene.store.layers().cached(&scene.adapter()).load("1").await.expect("it can be loaded");
    assert_eq!(state.state.moves, [5, 10, 1, 10, 1, 10, 1], "nothing was lost");
}

/// C03: whom others always overtake is told so in the end, and has written nothing.
pub async fn c03_a_conflict_is_retried_a_bounded_number_of_times<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let layers = scene.store.layers();
    let rival = layers.cached(&scene.store.second().await);
    let overtaken = Overtaken { events: scene.events(), rival };
    let adapter = Adapter { events: Arc::new(overtaken), ..scene.adapter() };
    let tallies = layers.cached(&adapter);
    let outcome = tokio::time::timeout(S::PATIENCE, tallies.execute("1", Count(1_000))).await;
    let error = outcome.expect("the retries come to an end").expect_err("others came first each time");
    assert!(error.is_transient(), "trying again later helps: {error}");
    let ExecuteError::Contended { stream, attempts, .. } = error else {
        panic!("the last conflict is the caller's, got {error}");
    };
    assert_eq!(stream.as_str(), "tally-1");
    assert!((2..=100).contains(&attempts), "it was tried {attempts} times");
    let state = layers.cached(&scene.adapter()).load("1").await.expect("it can be loaded");
    assert_eq!(state.state.total, u64::from(attempts), "only the others' counts are there");
}

/// An event store in which somebody counts the tally up by one before each commit.
struct Overtaken {
    events: Arc<dyn EventStore>,
    rival: Arc<dyn Tallies>,
}

#[async_trait]
impl EventStore for Overtaken {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        done(&self.rival, Count(1)).await;
        self.events.commit(commit).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.events.read_stream(stream, range).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.events.head(stream).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.events.read_by_type(query).await
    }
}
