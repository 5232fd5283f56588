//! Routes: learned, followed, waited for; each event once in each row, whichever way it came there.

use annals_core::{DomainEvent, Recorded, StreamId};
use annals_projection::{Fold, Keys, Projection, Runner};
use serde::{Deserialize, Serialize};

use crate::sales::{CustomerTotals, OrderEvent, PaymentEvent, Totals};
use crate::shop::{Shop, created, pages_of, refunded, rows};

/// A category whose events say themselves where they go: `names`, `awaits`, `teaches` (stream and key).
#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "note")]
enum Note {
    Written { names: Vec<String>, awaits: Vec<String>, teaches: Vec<(String, String)> },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    notes: Vec<String>,
}

#[derive(Clone, Copy)]
struct Logs;

impl Projection for Logs {
    const NAME: &'static str = "logs";
    const VERSION: u32 = 1;
    type Event = Note;
    type Key = String;
    type Row = Log;

    fn keys(&self, event: &Recorded<Note>) -> Keys<String> {
        let Note::Written { names, awaits, teaches } = &event.event;
        let mut keys = Keys::of(names.clone());
        for stream in awaits {
            let stream: StreamId = stream.parse().unwrap();
            keys = if stream == event.header.stream { keys.and_routed() } else { keys.and_via(stream) };
        }
        for (stream, key) in teaches {
            keys = keys.learn_for(stream.parse().unwrap(), key.clone());
        }
        keys
    }

    fn apply(&self, _: &String, row: Option<Log>, event: &Recorded<Note>) -> Option<Log> {
        let mut row = row.unwrap_or_default();
        row.notes.push(format!("{}.{}", event.header.stream.id(), event.header.version));
        Some(row)
    }
}

type Texts<'a> = &'a [&'a str];

/// A note: its stream, the rows it names, the streams it awaits, and the routes it teaches.
type Said<'a> = (&'a str, Texts<'a>, Texts<'a>, &'a [(&'a str, &'a str)]);

/// These notes give these rows, each with the notes that came to it, in their order.
fn logs_are(notes: &[Said<'_>], expected: &[(&str, Texts<'_>)]) {
    crate::shop::block_on(async {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let expected: Vec<_> =
            expected.iter().map(|(key, notes)| ((*key).to_owned(), Log { notes: texts(notes) })).collect();
        for page_size in [1, 2, 3, 100] {
            let shop = Shop::new();
            for (stream, names, awaits, teaches) in notes {
                let teaches = teaches.iter().map(|(s, k)| ((*s).to_owned(), (*k).to_owned())).collect();
                let note = Note::Written { names: texts(names), awaits: texts(awaits), teaches };
                shop.append(&stream.parse().unwrap(), crate::shop::new_event(&note)).await;
            }
            let runner = Runner::new(shop.adapter.clone(), Logs).with_options(pages_of(page_size));
            runner.catch_up(|_| {}).await.unwrap();
            let found: Vec<_> = rows(&runner.view()).await.into_iter().collect();
            assert_eq!(found, expected, "in pages of {page_size}");
        }
    });
}

#[test]
fn what_waited_is_applied_right_after_the_event_that_teaches() {
    logs_are(
        &[
            ("note-a", &[], &["note-x"], &[]),
            ("note-b", &["k"], &[], &[]),
            ("note-a", &[], &["note-x"], &[]),
            ("note-x", &["k"], &[], &[("note-x", "k")]),
            ("note-b", &["k"], &[], &[]),
        ],
        &[("k", &["b.1", "x.1", "a.1", "a.2", "b.2"])],
    );
}

#[test]
fn a_route_learned_by_an_event_counts_for_itself_only_where_it_follows_routes() {
    logs_are(
        &[("note-x", &[], &["note-x"], &[("note-x", "k")]), ("note-y", &[], &[], &[("note-y", "k")])],
        &[("k", &["x.1"])],
    );
}

#[test]
fn v01_an_event_that_is_named_and_routed_to_a_row_is_applied_to_it_once() {
    logs_are(
        &[
            ("note-a", &["k", "k"], &["note-x", "note-x"], &[]),
            ("note-x", &["j"], &["note-x"], &[("note-x", "k"), ("note-x", "j"), ("note-x", "k")]),
            ("note-a", &["k"], &["note-x"], &[]),
        ],
        &[("j", &["x.1", "a.1", "a.2"]), ("k", &["a.1", "x.1", "a.2"])],
    );
}

#[test]
fn v01_an_event_that_waits_for_two_streams_is_applied_to_a_shared_row_once() {
    // Learned one after the other,
    logs_are(
        &[
            ("note-a", &[], &["note-x", "note-y"], &[]),
            ("note-x", &[], &[], &[("note-x", "k")]),
            ("note-y", &[], &[], &[("note-y", "k"), ("note-y", "j")]),
        ],
        &[("j", &["a.1"]), ("k", &["a.1"])],
    );
    // or by one event.
    logs_are(
        &[
            ("note-a", &[], &["note-x", "note-y"], &[]),
            ("note-z", &[], &[], &[("note-x", "k"), ("note-y", "k"), ("note-y", "j")]),
        ],
        &[("j", &["a.1"]), ("k", &["a.1"])],
    );
}

#[test]
fn a_stream_may_be_taught_by_another_one_and_waits_for_it() {
    logs_are(
        &[
            ("note-p", &[], &["note-p"], &[]),
            ("note-p", &[], &["note-p"], &[]),
            ("note-x", &[], &[], &[("note-p", "k")]),
            ("note-p", &[], &["note-p"], &[]),
        ],
        &[("k", &["p.1", "p.2", "p.3"])],
    );
}

#[tokio::test]
async fn what_never_gets_a_route_waits_with_the_view() {
    let shop = Shop::new();
    shop.payment("1", refunded("1", 4)).await;
    shop.payment("1", refunded("2", 4)).await;
    shop.order("1", created("ada", 10)).await;
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(pages_of(1));
    runner.catch_up(|_| {}).await.unwrap();
    let state = runner.view().state().await.unwrap().unwrap();
    assert_eq!((state.checkpoint.events, state.rows, state.parked), (3, 1, 1));
    let ada = runner.view().get(&"ada".to_owned()).await.unwrap().unwrap();
    assert_eq!(ada, Totals { orders: 1, spent: 10, refunded: 4, ..Totals::default() });

    let mut fold = Fold::new(CustomerTotals);
    for event in shop.stream(&"payment-1".parse().unwrap()).await {
        fold.push(&event).unwrap();
    }
    assert_eq!((fold.rows().len(), fold.parked()), (0, 2));
}

#[tokio::test]
async fn a_row_taken_away_is_gone_and_may_come_back() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    runner.catch_up(|_| {}).await.unwrap();
    shop.order("1", OrderEvent::Voided { total: 10 }).await;
    assert_eq!(runner.catch_up(|_| {}).await.unwrap().rows_changed, 1);
    assert_eq!(runner.view().get(&"ada".to_owned()).await.unwrap(), None);
    shop.order("1", OrderEvent::Paid { amount: 3 }).await;
    runner.catch_up(|_| {}).await.unwrap();
    assert_eq!(runner.view().get(&"ada".to_owned()).await.unwrap().unwrap().paid, 3);
}

#[tokio::test]
async fn a_row_that_comes_out_as_it_was_is_not_written() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    shop.order("1", OrderEvent::Paid { amount: 0 }).await;
    shop.payment("1", PaymentEvent::Settled { fee: 1 }).await;
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(pages_of(1));
    let caught_up = runner.catch_up(|_| {}).await.unwrap();
    assert_eq!((caught_up.events, caught_up.rows_changed), (3, 1));
    let state = runner.view().state().await.unwrap().unwrap();
    assert_eq!(state.checkpoint.position, caught_up.position);
}
