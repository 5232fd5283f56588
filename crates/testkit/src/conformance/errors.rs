//! Laws E01 and E04: errors that say what was being done, to what, what is left, and whether trying again can help;
//! and that show no secret.

use std::time::Duration;

use annals_core::{CommitId, EventId, Version};
use annals_ports::{
    CommitError, Effect, Expectation, FeedPosition, FeedQuery, FeedStart, PageToken, SlicePosition,
    StoreError, TypeQuery,
};

use super::StoreUnderTest;
use super::abilities::not_tried;
use super::scene::{Scene, append, commit_as, numbered, one};

/// A position in the store whose event is not there.
async fn lost<S: StoreUnderTest>(scene: &Scene<S>) -> FeedPosition {
    let adapter = scene.adapter();
    let end = adapter.feed.start(FeedStart::End).await.expect("a feed has an end");
    let slices = end.slices_in(adapter.store).expect("it is the store's own").to_vec();
    let moved =
        slices.into_iter().map(|slice| SlicePosition { event: slice.event.map(|_| EventId::new()), ..slice });
    FeedPosition::sliced(adapter.store, moved.collect())
}

/// The errors that every store can be brought to, each with what its message must name. A store that does not refuse
/// is caught by the law that says that it must.
async fn errors<S: StoreUnderTest>(scene: &Scene<S>) -> Vec<(StoreError, Vec<String>)> {
    let adapter = scene.adapter();
    let query = TypeQuery::new(numbered(1).event_type);
    let broken = PageToken::new(adapter.store, "no place".to_owned());
    let token = adapter.events.read_by_type(&query.clone().after(broken.clone())).await;
    let other = Scene::<S>::new().await;
    let foreign = other.adapter().feed.start(FeedStart::Beginning).await.expect("a feed has a beginning");
    let names = vec![adapter.store.to_string(), other.adapter().store.to_string()];
    let wrong = adapter.feed.next(&FeedQuery::all(), &foreign, Duration::ZERO).await;
    let position = lost(scene).await;
    let gone = adapter.feed.next(&FeedQuery::all(), &position, Duration::ZERO).await;
    let refused = [
        (token.err(), vec![broken.to_string()]),
        (wrong.err(), names),
        (gone.err(), vec![position.to_string()]),
    ];
    refused.into_iter().filter_map(|(error, names)| Some((error?, names))).collect()
}

/// E01: each refusal names what it is about, says that nothing was written, and does not ask to be tried again.
pub async fn e01_errors_say_what_and_to_what<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-1", 2).await;
    let conflict = scene.try_commit(one("order-1", Expectation::Exact(Version::new(1)), 1)).await;
    let used = CommitId::new();
    scene.commit(commit_as(used, vec![append("order-2", Expectation::Any, vec![numbered(1)])])).await;
    let reused = commit_as(used, vec![append("order-2", Expectation::Any, vec![numbered(2)])]);
    let reused = scene.try_commit(reused).await;
    let commits = [
        (conflict, vec!["order-1".to_owned(), "version 1".to_owned(), "version 2".to_owned()]),
        (reused, vec![used.to_string()]),
    ];
    for (outcome, names) in commits {
        let error = outcome.expect_err("this commit must be refused");
        assert_eq!(error.effect(), Effect::NotWritten, "{error}");
        assert!(!error.is_transient(), "trying again cannot help: {error}");
        for name in names {
            assert!(error.to_string().contains(&name), "it does not name {name}: {error}");
        }
    }
    for (error, names) in errors(&scene).await {
        assert!(!error.is_transient(), "trying again cannot help: {error}");
        for name in names {
            assert!(error.to_string().contains(&name), "it does not name {name}: {error}");
        }
    }
}

/// E01: when the answer to a commit that was written is lost, the error does not say that nothing was written.
pub async fn e01_a_failed_commit_says_what_is_left<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let Some(cut) = scene.store.cut_line().await else {
        return not_tried::<S>("E01", "cut the line after a write");
    };
    let value = one("order-1", Expectation::NoStream, 1);
    let error = scene.try_commit_through(&cut, value).await.expect_err("its answer is lost");
    assert_eq!(scene.read("order-1").await.len(), 1, "it was written");
    assert!(
        matches!(&error, CommitError::Store { effect: Effect::Unknown, .. }),
        "it was written, yet: {error}"
    );
    assert!(error.is_transient(), "committing the same value again helps: {error}");
    assert!(error.to_string().contains("order-1"), "it says to which stream: {error}");
}

/// E04: a secret that the store was opened with is in no text that people are shown.
pub async fn e04_no_secret_is_shown<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let Some(secret) = scene.store.secret().await else {
        return not_tried::<S>("E04", "be opened with a secret");
    };
    scene.grow("order-1", 1).await;
    let adapter = scene.adapter();
    let description = adapter.inspect.describe().await.expect("a store describes itself");
    let health = adapter.feed.health().await.expect("a feed tells its health");
    let mut shown = secret.shown.clone();
    shown.extend([format!("{adapter:?}"), format!("{description:?}"), format!("{health:?}")]);
    for (error, _) in errors(&scene).await {
        shown.extend([error.to_string(), format!("{error:?}")]);
    }
    if let Some(away) = scene.store.take_away().await {
        let attempt = scene.try_commit(one("order-1", Expectation::Any, 2));
        // That it is answered in time is another law's affair (E02).
        if let Ok(Err(error)) = tokio::time::timeout(scene.store.time_out(), attempt).await {
            shown.extend([error.to_string(), format!("{error:?}")]);
        }
        drop(away);
    }
    for text in shown {
        assert!(!text.contains(&secret.secret), "the secret is shown: {text}");
    }
}
