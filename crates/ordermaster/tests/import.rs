//! Importing invoices: what becomes of each line, and that a run may be repeated, killed and gone on with.
//!
//! `tests/data/invoices.csv` is small and has one of everything. Its cancellations:
//!
//! | line | gives back | comes to |
//! |---|---|---|
//! | 8 | 3 TEA | the latest order with 3 left: 100002, of 5 |
//! | 9 | 5 CUP | 100001, which sold 4 and 2 |
//! | 10 | 3 TEA | 100001: of 100002 only 2 are left |
//! | 11 | 3 TEA | 100001 again, of 7 |
//! | 12 | 8 TEA | refused: 2 and 4 are left |
//! | 13 | a POT that a guest bought | refused: this customer bought none |
//! | 14 | a guest's POT | refused: which guest is not known |
//! | 15 | a CUP for more than is left of what was paid | refused |
//! | 16 | a TEA, before any was sold | refused |
//! | 28 | all of 100006 | a return of the whole order |

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

use std::path::{Path, PathBuf};

use annals::Store;
use annals::ports::{Adapter, StoreDescription};
use ordermaster::app::OrderMaster;
use ordermaster::import::{self, ImportOptions, ImportReport, Refusal};
use ordermaster::stop::Stop;
use ordermaster_domain::{Money, OrderId, OrderPhase, PaymentId, Sku};

fn small() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/invoices.csv")
}

async fn run(shop: &OrderMaster, file: &Path) -> ImportReport {
    stopped_after(shop, file, u64::MAX).await
}

async fn stopped_after(shop: &OrderMaster, file: &Path, orders: u64) -> ImportReport {
    let (file, stop) = (std::fs::File::open(file).unwrap(), Stop::new());
    let options = ImportOptions { at_once: 4 };
    let mut on_progress = |done, _| {
        if done >= orders {
            stop.ask();
        }
    };
    import::run(shop, file, &options, &stop, &mut on_progress).await.unwrap()
}

async fn describe(shop: &OrderMaster) -> StoreDescription {
    let adapter: &Adapter = shop.store().adapter();
    adapter.inspect.describe().await.unwrap()
}

fn reasons(report: &ImportReport) -> Vec<(Refusal, u64, u64)> {
    report.refused.iter().map(|refused| (refused.reason, refused.lines, refused.example)).collect()
}

fn pounds(text: &str) -> Money {
    format!("{text} GBP").parse().unwrap()
}

async fn memory() -> OrderMaster {
    OrderMaster::open("memory:").await.unwrap()
}

#[tokio::test]
async fn every_line_is_accepted_or_refused_for_one_reason() {
    let report = run(&memory().await, &small()).await;
    assert_eq!((report.lines, report.accepted), (27, 12));
    assert_eq!(report.accepted + report.refused.total(), report.lines);
    assert_eq!(
        reasons(&report),
        [
            (Refusal::Columns, 1, 25),
            (Refusal::InvoiceNumber, 1, 17),
            (Refusal::InvoiceDate, 1, 18),
            (Refusal::QuantityZero, 1, 19),
            (Refusal::NegativeOutsideCancellation, 1, 20),
            (Refusal::PositiveInCancellation, 1, 21),
            (Refusal::PriceNegative, 1, 23),
            (Refusal::PriceZero, 1, 22),
            (Refusal::PriceDecimals, 1, 24),
            (Refusal::InvoiceDisagrees, 1, 27),
            (Refusal::CancellationOfGuest, 1, 14),
            (Refusal::CancellationOfNothing, 2, 13),
            (Refusal::CancellationOfTooMuch, 1, 12),
            (Refusal::CancellationAbovePaid, 1, 15),
        ]
    );
    assert_eq!((report.orders.new, report.returns.new), (5, 5));
}

#[tokio::test]
async fn orders_are_history_with_the_invoices_own_times() {
    let shop = memory().await;
    run(&shop, &small()).await;
    let order = shop.orders().load(&OrderId::new("100001").unwrap()).await.unwrap().state;
    let order = order.placed().unwrap();
    assert_eq!(order.phase, OrderPhase::Returned);
    assert_eq!(order.placed_at.to_string(), "2011-01-03T09:00:00.000000Z");
    assert_eq!(order.customer.as_str(), "17850");
    assert_eq!((order.total, order.paid), (pounds("44.00"), pounds("44.00")));
    assert_eq!(order.refunded, pounds("30.00")); // 5 CUP at 3.00, twice 3 TEA at 2.50
    assert_eq!(order.returnable(&Sku::new("TEA").unwrap()), 4);
    assert_eq!(order.returnable(&Sku::new("CUP").unwrap()), 1);
    let payment = shop.payments().load(&PaymentId::new("100001").unwrap()).await.unwrap().state;
    assert_eq!(payment.refundable(), Some(pounds("14.00")));

    let history = shop.history_of(&"order-100001".parse().unwrap()).await.unwrap();
    let events: Vec<_> = history.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(
        events,
        [
            "OrderCreated",
            "OrderConfirmed",
            "OrderPaid",
            "OrderShipped",
            "OrderDelivered",
            "OrderReturned",
            "OrderReturned",
            "OrderReturned",
        ]
    );
    let confirmed = history[1].payload.as_ref().unwrap();
    assert_eq!(confirmed["confirmed_at"], "2011-01-03T09:00:00.000000Z");
}

#[tokio::test]
async fn cancellations_give_back_the_latest_order_that_has_enough_left() {
    let shop = memory().await;
    run(&shop, &small()).await;
    let returned = |id: &'static str| {
        let shop = shop.clone();
        async move {
            let order = shop.orders().load(&OrderId::new(id).unwrap()).await.unwrap().state;
            let order = order.placed().unwrap().clone();
            let returned: Vec<_> =
                order.returned.iter().map(|(sku, pieces)| format!("{pieces} {sku}")).collect();
            (returned.join(", "), order.refunded.to_string())
        }
    };
    assert_eq!(returned("100001").await, ("5 CUP, 6 TEA".into(), "30.00 GBP".into()));
    assert_eq!(returned("100002").await, ("3 TEA".into(), "7.80 GBP".into()));
    assert_eq!(returned("100006").await, ("2 TEA".into(), "5.00 GBP".into()));
    assert_eq!(returned("100004").await, (String::new(), "0.00 GBP".into()));
}

#[tokio::test]
async fn an_invoice_without_a_customer_is_a_guests() {
    let shop = memory().await;
    run(&shop, &small()).await;
    for (id, guest) in [("100003", "guest-100003"), ("100004", "guest-100004")] {
        let order = shop.orders().load(&OrderId::new(id).unwrap()).await.unwrap().state;
        assert_eq!(order.placed().unwrap().customer.as_str(), guest);
    }
}

#[tokio::test]
async fn running_it_again_adds_nothing() {
    let shop = memory().await;
    let first = run(&shop, &small()).await;
    let before = describe(&shop).await.events;
    assert_eq!(first.events, before);
    let second = run(&shop, &small()).await;
    assert_eq!(describe(&shop).await.events, before);
    assert_eq!((second.orders.new, second.orders.already_there, second.returns.already_there), (0, 5, 5));
    assert_eq!((second.events, second.accepted), (0, first.accepted));
}

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
const SOLD: &str = "100001,TEA,GREEN TEA,5,2011-01-03 09:00:00,2.50,17850,United Kingdom\n";
/// Placed before the cancellation as well, and later than the other: the cancellation finds this one, where it stands.
const SOLD_TOO: &str = "100002,TEA,GREEN TEA,5,2011-01-04 09:00:00,2.50,17850,United Kingdom\n";
/// Two lines alike, so that a line is told apart by its place.
const BACK: &str = "C200001,TEA,GREEN TEA,-1,2011-01-06 08:00:00,2.50,17850,United Kingdom\n\
                    C200001,TEA,GREEN TEA,-1,2011-01-06 08:00:00,2.50,17850,United Kingdom\n";

async fn run_text(shop: &OrderMaster, lines: &[&str]) -> ImportReport {
    let text = format!("{HEADER}{}", lines.concat());
    let (options, stop) = (ImportOptions { at_once: 4 }, Stop::new());
    let report = import::run(shop, text.as_bytes(), &options, &stop, &mut |_, _| {}).await.unwrap();
    assert_eq!(report.accepted + report.refused.total(), report.lines);
    report
}

/// What was refunded of the two orders.
async fn refunded(shop: &OrderMaster) -> [String; 2] {
    let mut all = Vec::new();
    for id in ["100001", "100002"] {
        let order = shop.orders().load(&OrderId::new(id).unwrap()).await.unwrap().state;
        all.push(order.placed().map_or("none".into(), |order| order.refunded.to_string()));
    }
    all.try_into().unwrap()
}

#[tokio::test]
async fn a_cancellation_gives_back_once_though_a_grown_file_makes_it_find_another_order() {
    let shop = memory().await;
    assert_eq!(run_text(&shop, &[SOLD, BACK]).await.returns.new, 2);
    assert_eq!(refunded(&shop).await, ["5.00 GBP", "none"]);
    let grown = run_text(&shop, &[SOLD, SOLD_TOO, BACK]).await;
    assert_eq!((grown.orders.new, grown.orders.already_there), (1, 1));
    assert_eq!((grown.returns.new, grown.returns.already_there, grown.accepted), (0, 2, 4));
    assert_eq!(refunded(&shop).await, ["5.00 GBP", "0.00 GBP"]);
    let before = describe(&shop).await.events;
    let again = run_text(&shop, &[SOLD, SOLD_TOO, BACK]).await;
    assert_eq!((again.events, again.returns.already_there, again.accepted), (0, 2, 4));
    assert_eq!(describe(&shop).await.events, before);
}

#[tokio::test]
async fn a_cancellation_gives_back_once_though_a_smaller_file_makes_it_find_another_order() {
    let shop = memory().await;
    assert_eq!(run_text(&shop, &[SOLD, SOLD_TOO, BACK]).await.returns.new, 2);
    for lines in [&[SOLD, BACK][..], &[BACK, SOLD], &[BACK, SOLD_TOO, SOLD]] {
        let report = run_text(&shop, lines).await;
        assert_eq!((report.events, report.returns.already_there), (0, 2));
        assert_eq!(refunded(&shop).await, ["0.00 GBP", "5.00 GBP"]);
    }
}

#[tokio::test]
async fn a_cancellation_with_another_quantity_than_recorded_gives_nothing_back_of_any_order() {
    let shop = memory().await;
    run_text(&shop, &[SOLD, BACK]).await;
    let report = run_text(&shop, &[SOLD, SOLD_TOO, &BACK.replace("-1", "-2")]).await;
    assert_eq!((report.returns.new, report.returns.changed), (0, 2));
    assert_eq!(reasons(&report), [(Refusal::Changed, 2, 4)]);
    assert_eq!(refunded(&shop).await, ["5.00 GBP", "0.00 GBP"]);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_run_that_is_stopped_anywhere_and_begun_again_ends_in_the_same_state() {
    let whole = memory().await;
    run(&whole, &small()).await;
    for orders in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let stopped = stopped_after(&OrderMaster::open(&url).await.unwrap(), &small(), orders).await;
        assert_eq!(stopped.accepted, 12);
        let again = OrderMaster::open(&url).await.unwrap();
        let report = run(&again, &small()).await;
        assert!(!report.stopped);
        assert_eq!(report.events + stopped.events, describe(&whole).await.events);
        assert_eq!(describe(&again).await.streams, describe(&whole).await.streams);
        for id in ["100001", "100002", "100003", "100004", "100006"] {
            let id = OrderId::new(id).unwrap();
            let (left, right) =
                (again.orders().load(&id).await.unwrap(), whole.orders().load(&id).await.unwrap());
            assert_eq!(left.state, right.state, "order {id}, stopped after {orders}");
        }
    }
}

#[tokio::test]
async fn an_order_of_the_same_number_that_was_there_before_is_left_alone() {
    let shop = memory().await;
    let json = serde_json::json!({
        "command": "create", "customer": "ada", "placed_at": null, "tax_rate": "0",
        "items": [{ "sku": "X", "description": "", "quantity": 1, "unit_price": { "amount": "1.00", "currency": "GBP" } }],
        "shipping_address": { "lines": [], "country": "France" },
    });
    let create = serde_json::from_value(json).unwrap();
    let id = OrderId::new("100002").unwrap();
    shop.orders().execute(&id, &create, annals::Metadata::new()).await.unwrap();
    let report = run(&shop, &small()).await;
    assert_eq!((report.orders.refused, report.returns.refused), (1, 1));
    assert_eq!(reasons(&report).last(), Some(&(Refusal::ByShop, 2, 5)));
    assert_eq!(report.accepted + report.refused.total(), report.lines);
    let order = shop.orders().load(&id).await.unwrap().state;
    assert_eq!(order.placed().unwrap().customer.as_str(), "ada");
}

/// The data set's sample, where it lies beside the project.
#[tokio::test]
async fn the_sample_of_the_online_retail_data_set_is_counted_out() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/online-retail-sample.csv");
    if !file.exists() {
        eprintln!("did nothing: there is no {}", file.display());
        return;
    }
    let shop = OrderMaster::over(Store::new(annals::memory::MemoryStore::new().adapter()));
    let report = run(&shop, &file).await;
    assert_eq!((report.lines, report.accepted), (4_792, 4_111));
    let counts: Vec<_> = reasons(&report).into_iter().map(|(reason, lines, _)| (reason, lines)).collect();
    assert_eq!(
        counts,
        [
            (Refusal::InvoiceNumber, 1),
            (Refusal::StockCode, 1), // "BANK CHARGES"
            (Refusal::NegativeOutsideCancellation, 462),
            (Refusal::PriceZero, 158),
            (Refusal::PriceDecimals, 1),
            (Refusal::CancellationOfGuest, 2),
            (Refusal::CancellationOfNothing, 56),
        ]
    );
    assert_eq!((report.orders.new, report.returns.new), (1_429, 0));
    assert_eq!(describe(&shop).await.events, 1_429 * 7);
}
