//! Laws A01 to A05 and A07: whole commits, expectations, dense versions, races.

use annals_core::{StreamHead, StreamId, Version};
use annals_ports::{Adapter, CommitError, Conflict, Expectation, Receipt};
use tokio::task::JoinSet;

use super::StoreUnderTest;
use super::scene::{Scene, append, assert_dense, commit, history, id, numbered, one, read_stream, versions};
use crate::generators::{self, ExpectationKind};

/// A01: one conflict among several appends, wherever it stands, leaves nothing of the commit.
pub async fn a01_a_commit_is_all_or_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-taken", 2).await;
    for bad in 0..3 {
        let before = scene.history().await;
        let mut appends: Vec<_> = (0..3)
            .map(|place| {
                append(&format!("order-{bad}{place}"), Expectation::NoStream, vec![numbered(1), numbered(2)])
            })
            .collect();
        appends[bad] = append("order-taken", Expectation::NoStream, vec![numbered(9)]);
        let failed = scene.try_commit(commit(appends)).await;
        assert!(matches!(failed, Err(CommitError::Conflict(_))), "append {bad} conflicts, got {failed:?}");
        for place in 0..3 {
            let left = scene.read(&format!("order-{bad}{place}")).await;
            assert!(left.is_empty(), "a refused commit left {left:?}");
        }
        assert_eq!(scene.history().await, before, "a refused commit shows in the feed");
    }
}

/// A01: whoever reads while commits are written sees each of them whole, in one stream and across two.
pub async fn a01_a_reader_never_sees_half_a_commit<S: StoreUnderTest>() {
    const COMMITS: u64 = 60;
    let scene = Scene::<S>::new().await;
    let (writer, reader) = (scene.adapter(), scene.store.second().await);
    let writing = tokio::spawn(async move {
        for number in 0..COMMITS {
            let three = vec![numbered(number), numbered(number), numbered(number)];
            let appends = vec![
                append("order-1", Expectation::Any, three),
                append("order-2", Expectation::Any, vec![numbered(number)]),
            ];
            writer.events.commit(commit(appends)).await.expect("nothing stands against this commit");
        }
    });
    let (first, second) = (id("order-1"), id("order-2"));
    loop {
        let ended = writing.is_finished();
        let lower = read_stream(&reader, &second).await.len();
        let of_first = read_stream(&reader, &first).await;
        let upper = read_stream(&reader, &second).await.len();
        assert_eq!(of_first.len() % 3, 0, "commits add three events each, read {:?}", versions(&of_first));
        let commits = of_first.len() / 3;
        assert!(
            (lower..=upper).contains(&commits),
            "{commits} commits show in one stream; {lower} before and {upper} after that in the other"
        );
        if ended {
            break;
        }
        // A store that never waits would keep the writer from its turn.
        tokio::task::yield_now().await;
    }
    writing.await.expect("the writer succeeds");
    assert_eq!(read_stream(&reader, &first).await.len() as u64, COMMITS * 3);
}

/// A01: a caller that goes away in the middle leaves the whole commit or nothing; committing again makes it whole, once.
pub async fn a01_a_commit_that_was_abandoned_is_all_or_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    for round in 0..30_u64 {
        let (left, right) = (format!("order-{round}"), format!("payment-{round}"));
        let whole = commit(vec![
            append(&left, Expectation::NoStream, vec![numbered(1), numbered(2)]),
            append(&right, Expectation::NoStream, vec![numbered(3)]),
        ]);
        let (events, value) = (adapter.events.clone(), whole.clone());
        let abandoned = tokio::spawn(async move { events.commit(value).await.map(|_| ()) });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        abandoned.abort();
        let _ = abandoned.await;
        scene.commit(whole).await;
        assert_dense(&scene.read(&left).await, 2);
        assert_dense(&scene.read(&right).await, 1);
    }
}

/// A02: each expectation holds exactly where it says, and a conflict tells what was found.
pub async fn a02_an_expectation_that_does_not_hold_conflicts<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let early = scene.grow("order-known", 1).await;
    let cases = [
        ("order-known", Expectation::NoStream, false),
        ("order-known", Expectation::Head(early), false),
        ("order-known", Expectation::Exact(Version::NONE), false),
        ("order-known", Expectation::Exact(Version::new(1)), false),
        ("order-new", Expectation::Exact(Version::new(1)), false),
        ("order-new", Expectation::Exists, false),
        ("order-known", Expectation::Exact(Version::new(2)), true),
        ("order-known", Expectation::Exists, true),
        ("order-known", Expectation::Any, true),
        ("order-new1", Expectation::NoStream, true),
        ("order-new2", Expectation::Exact(Version::NONE), true),
        ("order-new3", Expectation::Any, true),
    ];
    scene.grow("order-known", 1).await;
    for (stream, expected, holds) in cases {
        let actual = scene.head(stream).await;
        let outcome = scene.try_commit(one(stream, expected, 7)).await;
        if holds {
            outcome.unwrap_or_else(|error| panic!("{stream} expecting {expected} holds: {error}"));
            // The next case finds the stream as it was: a version further on would be another case.
            if stream == "order-known" {
                let head = scene.head(stream).await.expect("the stream has events");
                assert_eq!(head.version, StreamHead::version_of(actual.as_ref()).next());
                break_even(&scene, expected, head).await;
            }
        } else {
            assert_conflict(outcome, stream, expected, actual);
            assert_eq!(scene.head(stream).await, actual, "a conflict wrote to {stream}");
        }
    }
}

/// A02: a head is its version, stamp and digest: one of another history does not hold, though its version does.
pub async fn a02_a_head_is_compared_whole<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let head = scene.grow("order-1", 3).await;
    let digest = annals_core::Digest::from_bytes([7; 32]);
    let expected = Expectation::Head(StreamHead { digest, ..head });
    let outcome = scene.try_commit(one("order-1", expected, 1)).await;
    assert_conflict(outcome, "order-1", expected, Some(head));
    assert_eq!(scene.head("order-1").await, Some(head), "a conflict wrote something");
    scene.commit(one("order-1", Expectation::Head(head), 1)).await;
}

/// The head just told is what the next commit may expect, and the one before no longer is.
async fn break_even<S: StoreUnderTest>(scene: &Scene<S>, spent: Expectation, head: StreamHead) {
    if let Expectation::Exact(_) = spent {
        let again = scene.try_commit(one("order-known", spent, 8)).await;
        assert_conflict(again, "order-known", spent, Some(head));
    }
    scene.commit(one("order-known", Expectation::Head(head), 8)).await;
}

#[track_caller]
fn assert_conflict(
    outcome: Result<Receipt, CommitError>,
    stream: &str,
    expected: Expectation,
    actual: Option<StreamHead>,
) {
    match outcome {
        Err(CommitError::Conflict(conflict)) => {
            assert_eq!(*conflict, Conflict { stream: id(stream), expected, actual });
        }
        other => panic!("{stream} expecting {expected} must conflict with {actual:?}, got {other:?}"),
    }
}

/// A03: no expectation can leave a gap.
pub async fn a03_exact_beyond_the_head_conflicts<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-1", 3).await;
    for (stream, head) in [("order-1", 3), ("order-none", 0)] {
        let actual = scene.head(stream).await;
        for beyond in [head + 1, head + 2, 1_000, u64::from(u32::MAX) + 1, Version::MAX.get()] {
            let expected = Expectation::Exact(Version::new(beyond));
            let outcome = scene.try_commit(one(stream, expected, 1)).await;
            assert_conflict(outcome, stream, expected, actual);
        }
        assert_eq!(scene.grow(stream, 1).await.version.get(), head + 1, "the next version follows the last");
        assert_dense(&scene.read(stream).await, head + 1);
    }
}

/// A04: versions are dense from 1, whatever mixture of commits wrote them.
pub async fn a04_versions_are_dense_from_one_in_commit_order<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    for (seed, script) in generators::samples(&generators::commit_script(20), 4, 4).into_iter().enumerate() {
        for scripted in script {
            let mut before = Vec::new();
            for append in &scripted.appends {
                before.push(StreamHead::version_of(scene.head(append.stream.as_str()).await.as_ref()));
            }
            let commit = scripted.resolve(scene.events().as_ref()).await.expect("heads can be read");
            let holds =
                scripted.appends.iter().zip(&before).all(|(append, version)| append.expected.holds(*version));
            match scene.try_commit(commit).await {
                Ok(receipt) => {
                    assert!(holds, "script {seed}: a commit whose expectations do not hold succeeded");
                    for ((append, version), added) in
                        scripted.appends.iter().zip(before).zip(receipt.appended())
                    {
                        assert_eq!((&added.stream, added.first), (&append.stream, version.next()));
                        assert_eq!(added.head.version, version.plus(append.events.len() as u64));
                        assert_eq!(scene.head(append.stream.as_str()).await, Some(added.head));
                    }
                }
                Err(error) => assert!(!holds, "script {seed}: {error}"),
            }
        }
    }
    let mut streams: Vec<StreamId> =
        scene.history().await.into_iter().map(|event| event.header.stream).collect();
    streams.sort();
    streams.dedup();
    assert!(streams.len() > 3, "the scripts wrote to {streams:?} only");
    for stream in streams {
        let head = scene.head(stream.as_str()).await.expect("its events are in the feed");
        assert_dense(&scene.read(stream.as_str()).await, head.version.get());
    }
}

/// A05: of racing commits with the same expectation one wins, and each loser learns the head that it left.
pub async fn a05_of_racing_commits_exactly_one_wins<S: StoreUnderTest>() {
    const RACERS: u64 = 20;
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    for round in 0..6 {
        let head = scene.head("order-1").await;
        let expected = match (round, head) {
            (_, None) => Expectation::NoStream,
            (round, Some(head)) if round % 2 == 0 => Expectation::Head(head),
            (_, Some(head)) => Expectation::Exact(head.version),
        };
        let outcomes = race(&handles, RACERS, |racer| one("order-1", expected, racer)).await;
        let winners: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
        assert_eq!(winners.len(), 1, "round {round}, expecting {expected}: {} won", winners.len());
        let actual = winners[0].head(&id("order-1"));
        for outcome in outcomes {
            if outcome.is_err() {
                assert_conflict(outcome, "order-1", expected, actual);
            }
        }
    }
    assert_dense(&scene.read("order-1").await, 6);
}

/// A05: commits that expect nothing of the stream all find a place of their own.
pub async fn a05_racing_commits_that_expect_nothing_all_stand<S: StoreUnderTest>() {
    const RACERS: u64 = 20;
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    let outcomes = race(&handles, RACERS, |racer| one("order-1", Expectation::Any, racer)).await;
    let mut told: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.expect("nothing stands against this commit").appended()[0].first.get())
        .collect();
    told.sort_unstable();
    assert!(told.iter().copied().eq(1..=RACERS), "each commit has a version of its own, told were {told:?}");
    assert_dense(&scene.read("order-1").await, RACERS);
}

/// A05: commits over the same streams in opposite orders do not block each other for ever, and one wins.
pub async fn a05_races_over_several_streams_have_one_winner<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    for round in 0..5 {
        let expected = Expectation::Exact(Version::new(round));
        let outcomes = race(&handles, 8, |racer| {
            let mut names = ["order-a", "order-b", "order-c"];
            if racer % 2 == 1 {
                names.reverse();
            }
            commit(names.map(|name| append(name, expected, vec![numbered(racer)])).into())
        })
        .await;
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(won, 1, "round {round}: {won} won, {outcomes:?}");
        for name in ["order-a", "order-b", "order-c"] {
            assert_dense(&scene.read(name).await, round + 1);
        }
    }
}

async fn race(
    handles: &[Adapter; 2],
    racers: u64,
    commit: impl Fn(u64) -> annals_ports::Commit,
) -> Vec<Result<Receipt, CommitError>> {
    let start =
        std::sync::Arc::new(tokio::sync::Barrier::new(usize::try_from(racers).expect("a small number")));
    let mut racing = JoinSet::new();
    for racer in 0..racers {
        let (commit, start) = (commit(racer), start.clone());
        let events = handles[usize::from(racer % 2 == 1)].events.clone();
        racing.spawn(async move {
            start.wait().await;
            events.commit(commit).await
        });
    }
    racing.join_all().await
}

/// A07: a commit over many streams gives each its events, and tells each head in the commit's order.
pub async fn a07_a_commit_spans_streams<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-03", 2).await;
    let names: Vec<String> = (0..16).rev().map(|number| format!("order-{number:02}")).collect();
    let kinds = [ExpectationKind::Any, ExpectationKind::Exact, ExpectationKind::Head];
    let mut appends = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let expected = kinds[place % 3].of(scene.head(name).await);
        appends.push(append(name, expected, vec![numbered(place as u64), numbered(100)]));
    }
    let receipt = scene.commit(commit(appends)).await;
    assert!(!receipt.replayed);
    assert_eq!(receipt.appended().len(), 16);
    for (place, (name, added)) in names.iter().zip(receipt.appended()).enumerate() {
        let events = scene.read(name).await;
        let first = if name == "order-03" { 3 } else { 1 };
        assert_dense(&events, first + 1);
        assert_eq!((added.stream.as_str(), added.first.get()), (name.as_str(), first));
        assert_eq!(Some(added.head), scene.head(name).await);
        for (offset, event) in events.iter().rev().take(2).rev().enumerate() {
            let at = event.header.commit;
            assert_eq!((at.id, usize::from(at.index), at.size), (receipt.commit, place * 2 + offset, 32));
        }
    }
    assert_eq!(history(&scene.adapter()).await.len(), 34);
}
