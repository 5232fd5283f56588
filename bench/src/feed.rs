//! Reading the feed with every event decoded into the domain's types, beside plain SQLite with every row decoded into
//! JSON values.

use std::hint::black_box;
use std::time::Instant;

use annals::ports::FeedStart;
use annals::projection::replay;
use annals::{EventSet, Store};
use ordermaster_domain::{AccountEvent, InventoryEvent, OrderEvent, PaymentEvent};

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history::{self, BLOCK};
use crate::measure::{Sample, rate};
use crate::parcels::{self, ParcelEvent};
use crate::plain::Plain;
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

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    if report.wants_figure("feed", "feed_typed") {
        let store = bench.open("feed", Risk::Everything).await?;
        let events = bench.size(1_000_000, 200_000);
        parcels::fill(&store, events).await?;
        let plain = bench.kind.is_sqlite.then(|| Plain::open(&bench.file("feed"))).transpose()?;
        let (ours, theirs) = in_turns::<ParcelEvent>(bench, &store, plain.as_ref()).await?;
        report.add(Figure {
            name: "feed_typed",
            about: format!(
                "reading a feed of {events} events of parcels (13 fields, about 300 bytes with their metadata), each \
                 decoded into the domain's type; beside it the same rows read in plain SQLite, payload and metadata \
                 decoded into `serde_json::Value`",
            ),
            unit: "events/s",
            baseline: theirs.map(|theirs| ("Value decoding", theirs)),
            ours,
            goal: Some(Goal::TimesAtLeast(3.0)),
            aim: Some(Goal::AtLeast(1_500_000.0)),
        });
    }
    if report.wants_figure("feed", "feed_typed_small") {
        let store = bench.open("feed-small", Risk::Everything).await?;
        let blocks = bench.size(100, 20);
        history::fill(&store, blocks).await?;
        let plain = bench.kind.is_sqlite.then(|| Plain::open(&bench.file("feed-small"))).transpose()?;
        let (ours, theirs) = in_turns::<AccountEvent>(bench, &store, plain.as_ref()).await?;
        report.add(Figure {
            name: "feed_typed_small",
            about: format!(
                "the same over {} events of accounts, which are small (a sum of money and a word)",
                blocks * BLOCK
            ),
            unit: "events/s",
            baseline: theirs.map(|theirs| ("Value decoding", theirs)),
            ours,
            goal: Some(Goal::TimesAtLeast(3.0)),
            aim: Some(Goal::AtLeast(1_500_000.0)),
        });
    }
    if report.wants_figure("feed", "feed_typed_mix") {
        let mix = bench.mix().await?;
        let plain = bench.kind.is_sqlite.then(|| Plain::open(&bench.file("mix"))).transpose()?;
        let (ours, theirs) = in_turns::<ShopEvent>(bench, &mix.store, plain.as_ref()).await?;
        report.add(Figure {
            name: "feed_typed_mix",
            about: format!(
                "the same over the demo's mix, {} events of orders, payments, stock and accounts",
                mix.events
            ),
            unit: "events/s",
            baseline: theirs.map(|theirs| ("Value decoding", theirs)),
            ours,
            goal: Some(Goal::TimesAtLeast(3.0)),
            aim: Some(Goal::AtLeast(1_500_000.0)),
        });
    }
    Ok(())
}

/// Ours, and the baseline where there is one, in events a second.
async fn in_turns<E: EventSet>(
    bench: &Bench,
    store: &Store,
    plain: Option<&Plain>,
) -> Outcome<(Sample, Option<Sample>)> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours.push(typed::<E>(store).await?);
        if let Some(plain) = plain {
            let begun = Instant::now();
            let count = plain.decode_all()?;
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
