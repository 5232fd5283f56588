//! Law E03, through the layers over the store under test: what cannot be decoded is named, never skipped.

use annals_application::LoadError;
use annals_core::{DecodeError, EventType, Json};
use annals_ports::{Expectation, NewEvent};
use annals_projection::ProjectionError;

use super::StoreUnderTest;
use super::scene::{Scene, append, commit, numbered};
use super::tally::TallyCommand::Count;

/// What a program may find that it cannot decode: an unknown type, a schema version from the future, a payload of
/// another shape.
fn undecodable() -> [NewEvent; 3] {
    let named = |name: &str| EventType::new(name).expect("a valid type");
    let payload = |text: &str| Json::parse(text).expect("portable");
    [
        NewEvent { event_type: named("TallyRenamed"), payload: payload("{}"), ..numbered(1) },
        NewEvent {
            event_type: named("TallyCounted"),
            schema_version: 9,
            payload: payload(r#"{"by":1}"#),
            ..numbered(1)
        },
        NewEvent { event_type: named("TallyCounted"), payload: payload(r#"{"by":"much"}"#), ..numbered(1) },
    ]
}

/// A tally of two events and then one that cannot be decoded, with one more behind it.
async fn write<S: StoreUnderTest>(event: NewEvent) -> Scene<S> {
    let scene = Scene::<S>::new().await;
    let tallies = scene.store.layers().cached(&scene.adapter());
    for by in [1, 2] {
        tallies.execute("1", Count(by)).await.expect("nothing stands against this command");
    }
    scene.commit(commit(vec![append("tally-1", Expectation::Any, vec![event])])).await;
    let last = NewEvent {
        event_type: EventType::new("TallyCounted").expect("a valid type"),
        payload: Json::parse(r#"{"by":5}"#).expect("portable"),
        ..numbered(1)
    };
    scene.commit(commit(vec![append("tally-1", Expectation::Any, vec![last])])).await;
    scene
}

#[track_caller]
fn assert_named(error: &DecodeError, event: &NewEvent) {
    assert_eq!((error.stream.as_str(), error.version.get()), ("tally-1", 3));
    assert_eq!(error.event_type, event.event_type.as_str());
    let text = error.to_string();
    for name in ["tally-1", "event 3", event.event_type.as_str()] {
        assert!(text.contains(name), "it does not name {name}: {text}");
    }
}

/// E03: an aggregate whose stream holds it cannot be loaded, and no command of it is carried out.
pub async fn e03_a_state_names_what_it_cannot_decode<S: StoreUnderTest>() {
    for event in undecodable() {
        let scene = write::<S>(event.clone()).await;
        let layers = scene.store.layers();
        for tallies in [layers.cached(&scene.adapter()), layers.snapshotted(&scene.adapter())] {
            match tallies.load("1").await {
                Err(LoadError::Decode(error)) => assert_named(&error, &event),
                other => panic!("{} cannot be decoded, got {other:?}", event.event_type),
            }
            let outcome = tallies.execute("1", Count(1)).await;
            assert!(outcome.is_err(), "a command was carried out on a state that cannot be known");
        }
    }
}

/// E03: a read model stops before it, at a checkpoint that does not cover it.
pub async fn e03_a_read_model_names_what_it_cannot_decode<S: StoreUnderTest>() {
    for event in undecodable() {
        let scene = write::<S>(event.clone()).await;
        for page_size in [1, 1_000] {
            let runner = scene.store.layers().runner(&scene.adapter(), page_size);
            match runner.catch_up(&mut |_| {}).await {
                Err(ProjectionError::Decode(error)) => assert_named(&error, &event),
                other => panic!("{} cannot be decoded, got {other:?}", event.event_type),
            }
            let covered = runner.state().await.expect("a view's state can be read");
            let events = covered.map_or(0, |state| state.checkpoint.events);
            assert!(events <= 2, "the checkpoint covers {events} events, among them one that was skipped");
        }
    }
}
