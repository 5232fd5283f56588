//! Following: how soon a commit is visible in the feed, what followers cost writers, and what waiting costs when nothing
//! happens.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use annals::ports::{FeedQuery, FeedStart};
use annals::{CommitId, Store};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use super::commits::{TASKS, round};
use super::{Server, processor};
use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, rate};
use crate::report::Report;

/// The figures of [`visible`].
pub(super) const VISIBLE: [&str; 2] = ["postgres_visible", "postgres_visible_in_all"];
/// The figures of [`cost`].
pub(super) const COST: [&str; 1] = ["postgres_followers"];
/// The figure of [`idle`].
pub(super) const IDLE: [&str; 1] = ["postgres_idle"];

/// Commits a second of writers that do not go as fast as they can, and the tick in which each hands one in.
const PACE: u64 = 20_000;
const TICK: Duration = Duration::from_millis(10);
/// Of so many commits the time of one is taken.
const SAMPLED: u64 = 20;
/// Followers that may cost so much together.
const FOLLOWERS: usize = 4;
/// How long one call waits for an event.
const WAIT: Duration = Duration::from_millis(500);

/// When commits were handed in and answered, and when they were seen.
#[derive(Default)]
struct Times {
    handed_in: HashMap<CommitId, Instant>,
    answered: HashMap<CommitId, Instant>,
    seen: HashMap<CommitId, Instant>,
}

type Shared = Arc<Mutex<Times>>;

/// From a commit to a follower's hands.
pub(super) async fn visible(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let writing = database.open("").await?;
    // As in another process: nothing but the server tells it of commits.
    let following = database.open("").await?;
    let time = Duration::from_millis(bench.size(3_000, 1_000));
    let (mut after_answer, mut in_all, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let times = Shared::default();
        let stop = Arc::new(AtomicBool::new(false));
        let follower = tokio::spawn(follow(following.clone(), stop.clone(), Some(times.clone())));
        rates.push(paced(&writing, time, &times).await?);
        wait_until_seen(&times).await?;
        stop.store(true, Ordering::Relaxed);
        follower.await??;
        let times = times.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |begun: &HashMap<CommitId, Instant>| {
            let wait = |(id, begun): (&CommitId, &Instant)| {
                Some(times.seen.get(id)?.saturating_duration_since(*begun).as_secs_f64() * 1e3)
            };
            Sample::of(begun.iter().filter_map(wait).collect()).map(|sample| sample.median())
        };
        after_answer.extend(since(&times.answered));
        in_all.extend(since(&times.handed_in));
    }
    let rates = Sample::of(rates).ok_or("no round was run")?;
    for (name, from, ours) in [
        (VISIBLE[0], "its answer", after_answer),
        (VISIBLE[1], "handing it in, which takes a commit's time", in_all),
    ] {
        report.add(Figure {
            name,
            about: format!(
                "the median time of a commit from {from}, to a follower's hands, which has a handle of its own and so \
                 hears of nothing but by the server; at {:.0} commits/s, by {TASKS} tasks",
                rates.median()
            ),
            unit: "ms",
            baseline: None,
            ours: Sample::of(ours).ok_or("no commit was seen")?,
            goal: Some(Goal::Below(15.0)),
            aim: None,
        });
    }
    Ok(())
}

/// What followers take from writers.
pub(super) async fn cost(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let (writing, following) = (database.open("").await?, database.open("").await?);
    let time = Duration::from_millis(bench.size(3_000, 1_000));
    let (mut with, mut without, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        without.push(round(&writing, TASKS, time).await?.rate);
        let stop = Arc::new(AtomicBool::new(false));
        let mut followers = JoinSet::new();
        for _ in 0..FOLLOWERS {
            followers.spawn(follow(following.clone(), stop.clone(), None));
        }
        with.push(round(&writing, TASKS, time).await?.rate);
        stop.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        let mut events = 0;
        while let Some(done) = followers.join_next().await {
            events += done??;
        }
        read.push(rate(events, time + begun.elapsed()));
    }
    let read = Sample::of(read).ok_or("no round was run")?;
    report.add(Figure {
        name: COST[0],
        about: format!(
            "commits of one event by {TASKS} tasks as fast as they can, while {FOLLOWERS} followers read along \
             ({:.0} events/s together, on the same processors); beside them the same without followers",
            read.median()
        ),
        unit: "commits/s",
        baseline: Sample::of(without).map(|without| ("without followers", without)),
        ours: Sample::of(with).ok_or("no round was run")?,
        goal: Some(Goal::TimesAtLeast(0.9)),
        aim: None,
    });
    Ok(())
}

/// What one waiting follower costs when nothing is written.
pub(super) async fn idle(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let store = database.open("").await?;
    for _ in 0..100 {
        store.adapter().events.commit(history::opening()?).await?;
    }
    let server = server.process()?;
    let time = Duration::from_millis(bench.size(3_000, 2_000));
    let (mut waiting, mut nobody, mut ours, mut servers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        nobody.push(percent(server, time).await?.0);
        let stop = Arc::new(AtomicBool::new(false));
        let follower = tokio::spawn(follow(store.clone(), stop.clone(), None));
        // It has connected, and read to the end.
        sleep(Duration::from_millis(300)).await;
        let (both, of_us, of_server) = percent(server, time).await?;
        waiting.push(both);
        ours.push(of_us);
        servers.push(of_server);
        stop.store(true, Ordering::Relaxed);
        follower.await??;
    }
    let middle = |values: Vec<f64>| Sample::of(values).map_or(0.0, |sample| sample.median());
    report.add(Figure {
        name: IDLE[0],
        about: format!(
            "what the program ({:.2} %) and the whole server ({:.2} %) use of one core while a follower waits and nothing \
             is written; beside it the same while nobody waits",
            middle(ours),
            middle(servers)
        ),
        unit: "% of a core",
        baseline: Sample::of(nobody).map(|nobody| ("nobody waits", nobody)),
        ours: Sample::of(waiting).ok_or("no round was run")?,
        goal: Some(Goal::Below(1.0)),
        aim: None,
    });
    Ok(())
}

/// How much of a core this process and the server use within such a time: both together, and each.
async fn percent(server: u32, time: Duration) -> Outcome<(f64, f64, f64)> {
    let (before, begun) = (processor::spent(server)?, Instant::now());
    sleep(time).await;
    let (after, took) = (processor::spent(server)?, begun.elapsed());
    let part = |used: Duration| used.as_secs_f64() / took.as_secs_f64() * 100.0;
    let ours = part(after.ours.saturating_sub(before.ours));
    let servers = part(after.servers.saturating_sub(before.servers));
    Ok((ours + servers, ours, servers))
}

/// Reads what comes until it is told to stop; how many events that were. Notes when it saw those whose time is taken.
async fn follow(store: Store, stop: Arc<AtomicBool>, times: Option<Shared>) -> Outcome<u64> {
    let feed = &store.adapter().feed;
    let mut position = feed.start(FeedStart::End).await?;
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let page = feed.next(&FeedQuery::all(), &position, WAIT).await?;
        let now = Instant::now();
        count += page.events.len() as u64;
        if let Some(times) = &times {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            for event in &page.events {
                let commit = event.header.commit.id;
                if times.handed_in.contains_key(&commit) {
                    times.seen.insert(commit, now);
                }
            }
        }
        position = page.next;
    }
    Ok(count)
}

/// Commits at the pace, for so long; how many a second it became.
async fn paced(store: &Store, time: Duration, times: &Shared) -> Outcome<f64> {
    let begun = Instant::now();
    let per_tick = PACE as f64 * TICK.as_secs_f64() / TASKS as f64;
    let mut running = JoinSet::new();
    for task in 0..TASKS {
        let (events, times) = (store.adapter().events.clone(), times.clone());
        running.spawn(async move {
            // Spread over the tick, lest all hand in at one moment.
            sleep(TICK.mul_f64(task as f64 / TASKS as f64)).await;
            let mut ticks = interval(TICK);
            let (mut count, mut due) = (0_u64, 0.0);
            while begun.elapsed() < time {
                ticks.tick().await;
                due += per_tick;
                while due >= 1.0 {
                    due -= 1.0;
                    let commit = history::opening()?;
                    let id = commit.id();
                    let is_sampled = (count + task as u64).is_multiple_of(SAMPLED);
                    if is_sampled {
                        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                        times.handed_in.insert(id, Instant::now());
                    }
                    events.commit(commit).await?;
                    if is_sampled {
                        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
                        times.answered.insert(id, Instant::now());
                    }
                    count += 1;
                }
            }
            Outcome::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(done) = running.join_next().await {
        count += done??;
    }
    Ok(rate(count, begun.elapsed()))
}

async fn wait_until_seen(times: &Shared) -> Outcome {
    for _ in 0..1_000 {
        {
            let times = times.lock().unwrap_or_else(PoisonError::into_inner);
            if times.seen.len() == times.handed_in.len() {
                return Ok(());
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    Err("a commit was not seen within 5 s".into())
}
