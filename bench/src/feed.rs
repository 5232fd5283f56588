//! Reading the feed with every event decoded into the domain's types, beside plain SQLite with every row decoded into
//! JSON values.

use std::hint::black_box;
use std::time::Instant;

use annals::ports::FeedStart;
use annals::projection::replay;
use annals::{EventSet, Store};
use ordermaster_domain::{AccountEvent, InventoryEvent, OrderEvent, PaymentEvent};
use serde_json::Value;

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history::{self, BLOCK};
use crate::measure::{Sample, rate};
use crate::parcels::{self, ParcelEvent};
use crate::plain::{FromTree, Plain};
use crate::report::Report;
use crate::stores::Risk;

/// All that happens in the shop.
#[derive(Debug, EventSet)]
#[expect(dead_code, reason = "decoded to be measured, not to be looked at")]
enum ShopEvent {
    Order(OrderEvent),
    Payment(PaymentEvent),
    Inventory(InventoryEvent),
    Account(AccountEvent),
}

/// What reading typed events is compared with.
const THROUGH_TREES: &str = "through `Value` into the type";

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    if report.wants_figure("feed", "feed_typed") {
        let store = bench.open("feed", Risk::Everything).await?;
        let events = bench.size(1_000_000, 200_000);
        parcels::fill(&store, events).await?;
        bench.settle("feed")?;
        let what = format!("{events} events of parcels (13 fields, about 300 bytes with their metadata)");
        compared::<ParcelEvent>(bench, report, ["feed_typed", "feed_typed_trees"], "feed", &store, &what)
            .await?;
    }
    if report.wants_figure("feed", "feed_typed_small") {
        let store = bench.open("feed-small", Risk::Everything).await?;
        let blocks = bench.size(100, 20);
        history::fill(&store, blocks).await?;
        bench.settle("feed-small")?;
        let what =
            format!("{} events of accounts, which are small (a sum of money and a word)", blocks * BLOCK);
        let names = ["feed_typed_small", "feed_typed_small_trees"];
        compared::<AccountEvent>(bench, report, names, "feed-small", &store, &what).await?;
    }
    if report.wants_figure("feed", "feed_typed_mix") {
        let mix = bench.mix().await?;
        let plain = plain(bench, "mix")?;
        let (ours, trees) = in_turns::<ShopEvent, Value>(bench, &mix.store, plain.as_ref()).await?;
        report.add(Figure {
            name: "feed_typed_mix_trees",
            about: format!(
                "reading the feed of the demo's mix, {} events of orders, payments, stock and accounts, into the \
                 domain's types; beside it the same rows decoded into trees and no further",
                mix.events
            ),
            unit: "events/s",
            baseline: trees.map(|trees| ("`Value` and no further", trees)),
            ours,
            goal: None,
            aim: Some(Goal::AtLeast(1_500_000.0)),
        });
    }
    Ok(())
}

/// Reading one domain's events, beside both ways through JSON trees.
async fn compared<E: EventSet + FromTree>(
    bench: &Bench,
    report: &mut Report,
    names: [&'static str; 2],
    file: &str,
    store: &Store,
    what: &str,
) -> Outcome {
    let plain = plain(bench, file)?;
    let (ours, through) = in_turns::<E, E>(bench, store, plain.as_ref()).await?;
    report.add(Figure {
        name: names[0],
        about: format!(
            "reading a feed of {what}, each decoded into the domain's type; beside it the same rows read in plain \
             SQLite, payload and metadata decoded into `serde_json::Value`, the payload's on into the same type",
        ),
        unit: "events/s",
        baseline: through.map(|through| (THROUGH_TREES, through)),
        ours,
        goal: Some(Goal::TimesAtLeast(3.0)),
        aim: Some(Goal::AtLeast(1_500_000.0)),
    });
    let (ours, trees) = in_turns::<E, Value>(bench, store, plain.as_ref()).await?;
    report.add(Figure {
        name: names[1],
        about: "the same, beside rows decoded into trees and no further, which nobody can fold".to_owned(),
        unit: "events/s",
        baseline: trees.map(|trees| ("`Value` and no further", trees)),
        ours,
        goal: None,
        aim: None,
    });
    Ok(())
}

fn plain(bench: &Bench, file: &str) -> Outcome<Option<Plain>> {
    bench.kind.is_sqlite.then(|| Plain::open(&bench.file(file))).transpose()
}

/// Ours, and the baseline where there is one, in events a second.
async fn in_turns<E: EventSet, B: FromTree>(
    bench: &Bench,
    store: &Store,
    plain: Option<&Plain>,
) -> Outcome<(Sample, Option<Sample>)> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours.push(typed::<E>(store).await?);
        if let Some(plain) = plain {
            let begun = Instant::now();
            let count = plain.decode_all::<B>()?;
            theirs.push(rate(count, begun.elapsed()));
        }
    }
    Ok((Sample::of(ours).ok_or("no round was run")?, Sample::of(theirs)))
}

async fn typed<E: EventSet>(store: &Store) -> Outcome<f64> {
    let adapter = store.adapter().clone();
    let done = tokio::spawn(async move {
        let begun = Instant::now();
        let handle = |event: &annals::Recorded<E>| {
            black_box(&event.event);
        };
        let report = replay::<E>(&adapter, FeedStart::Beginning, handle, |_| {}).await?;
        Outcome::Ok(rate(report.events, begun.elapsed()))
    });
    done.await?
}
