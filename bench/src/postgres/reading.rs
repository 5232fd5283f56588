//! Reading: the feed with every event decoded into the domain's types, and an aggregate of 1,001 events.

use std::hint::black_box;
use std::time::Instant;

use annals::RepositoryOptions;
use annals::ports::FeedStart;
use annals::projection::replay;
use annals::{Recorded, Store};
use ordermaster_domain::Account;
use serde_json::Value;

use super::Server;
use super::commits::TASKS;
use super::table::Plain;
use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, milliseconds_since, rate};
use crate::parcels::{self, ParcelEvent};
use crate::plain::FromTree;
use crate::report::Report;

/// The figures of [`feed`].
pub(super) const FEED: [&str; 2] = ["postgres_feed_typed", "postgres_feed_typed_trees"];
/// The figure of [`loads`].
pub(super) const LOADS: [&str; 1] = ["postgres_loads_p95"];

/// Accounts that are loaded in turns, and how long each is.
const ACCOUNTS: u64 = 20;
const EVENTS: u64 = 1_001;
/// Loads a round.
const ROUND: usize = 100;

/// The feed, typed.
pub(super) async fn feed(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let store = database.open("").await?;
    let events = bench.size(1_000_000, 200_000);
    parcels::fill(&store, events).await?;
    let mut plain = Plain::connect(database.url()).await?;
    let (mut ours, mut typed, mut trees) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours.push(read(&store).await?);
        plain = decode::<ParcelEvent>(plain, &mut typed).await?;
        plain = decode::<Value>(plain, &mut trees).await?;
    }
    let ours = Sample::of(ours).ok_or("no round was run")?;
    report.add(Figure {
        name: FEED[0],
        about: format!(
            "reading a feed of {events} events of parcels (13 fields, about 300 bytes with their metadata), each decoded \
             into the domain's type; beside it the same rows read in plain SQL, 2,000 a page, payload and metadata \
             decoded into `serde_json::Value`, the payload's on into the same type"
        ),
        unit: "events/s",
        baseline: Sample::of(typed).map(|typed| ("through `Value` into the type", typed)),
        ours: ours.clone(),
        goal: Some(Goal::TimesAtLeast(2.0)),
        aim: Some(Goal::AtLeast(700_000.0)),
    });
    report.add(Figure {
        name: FEED[1],
        about: "the same, beside rows decoded into trees and no further, which nobody can fold".to_owned(),
        unit: "events/s",
        baseline: Sample::of(trees).map(|trees| ("`Value` and no further", trees)),
        ours,
        goal: None,
        aim: None,
    });
    Ok(())
}

async fn read(store: &Store) -> Outcome<f64> {
    let adapter = store.adapter().clone();
    let done = tokio::spawn(async move {
        let begun = Instant::now();
        let handle = |event: &Recorded<ParcelEvent>| {
            black_box(&event.event);
        };
        let report = replay::<ParcelEvent>(&adapter, FeedStart::Beginning, handle, |_| {}).await?;
        Outcome::Ok(rate(report.events, begun.elapsed()))
    });
    done.await?
}

async fn decode<E: FromTree>(mut plain: Plain, rates: &mut Vec<f64>) -> Outcome<Plain> {
    let done = tokio::spawn(async move {
        let begun = Instant::now();
        let count = plain.decode_all::<E>().await?;
        Outcome::Ok((plain, rate(count, begun.elapsed())))
    });
    let (plain, rate) = done.await??;
    rates.push(rate);
    Ok(plain)
}

/// Long accounts, from their whole streams.
pub(super) async fn loads(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let store = database.open("").await?;
    let ids = history::accounts(&store, ACCOUNTS, EVENTS, TASKS).await?;
    let options = RepositoryOptions::default().cache_capacity(0);
    let repository = store.repository::<Account>().with_options(options);
    let (mut slow, mut middle) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let (repository, ids) = (repository.clone(), ids.clone());
        let loading = tokio::spawn(async move {
            let mut times = Vec::new();
            for id in ids.iter().cycle().take(ROUND) {
                let begun = Instant::now();
                let loaded = repository.load(id).await?;
                times.push(milliseconds_since(begun));
                if loaded.version().get() != EVENTS {
                    return Err(format!("{id} has {} events, not {EVENTS}", loaded.version()).into());
                }
            }
            Outcome::Ok(times)
        });
        let times = Sample::of(loading.await??).ok_or("nothing was loaded")?;
        slow.push(times.percentile(95));
        middle.push(times.median());
    }
    let middle = Sample::of(middle).ok_or("no round was run")?;
    report.add(Figure {
        name: LOADS[0],
        about: format!(
            "the 95th percentile of loading an account of {EVENTS} events from its whole stream, without cache and \
             snapshot (median {:.2} ms)",
            middle.median()
        ),
        unit: "ms",
        baseline: None,
        ours: Sample::of(slow).ok_or("no round was run")?,
        goal: None,
        aim: Some(Goal::Below(2.5)),
    });
    Ok(())
}
