//! Generating business: what is generated, that it is the same every time, and that a run killed at any moment is gone on
//! with and doubles nothing.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

use annals::ports::{RowQuery, StoreDescription};
use ordermaster::app::OrderMaster;
use ordermaster::generate::{self, Business, GenerateReport};
use ordermaster::stop::Stop;
use ordermaster::verify::verify;

/// Read models whose rows do not depend on which lane came first to a till.
const VIEWS: [&str; 6] = [
    "account_summary",
    "customer_orders",
    "customer_totals",
    "daily_sales",
    "inventory_levels",
    "order_summary",
];

async fn run(shop: &OrderMaster, business: Business) -> GenerateReport {
    generate::run(shop, business, &Stop::new(), &mut |_, _| {}).await.unwrap()
}

async fn describe(shop: &OrderMaster) -> StoreDescription {
    shop.store().adapter().inspect.describe().await.unwrap()
}

/// Every row of the read models, without the times at which events were recorded.
async fn rows(shop: &OrderMaster) -> Vec<String> {
    shop.catch_up(&mut |_| {}).await.unwrap();
    let mut found = Vec::new();
    for name in VIEWS {
        let model = shop.read_model(name).unwrap();
        let mut query = RowQuery::all().limit(1_000);
        loop {
            let page = model.page(&query).await.unwrap();
            for (key, mut row) in page.rows {
                row.0.retain(|(field, _)| {
                    !matches!(field.as_str(), "updated_at" | "last_updated" | "recorded_at")
                });
                found.push(format!("{name} {key} {}", serde_json::to_string(&row).unwrap()));
            }
            match page.next {
                Some(token) => query = query.after(token),
                None => break,
            }
        }
    }
    found
}

#[tokio::test]
async fn business_comes_out_as_its_script_says() {
    let shop = OrderMaster::open("memory:").await.unwrap();
    let business = Business { seed: 1, orders: 1_000, days: 7 };
    let report = run(&shop, business).await;
    assert_eq!((report.orders, report.stopped, report.already_there), (1_000, false, 0));
    assert_eq!(describe(&shop).await.events, report.events);
    assert!(
        (8_000..13_000).contains(&report.events),
        "{} events, about 10 an order were wanted",
        report.events
    );
    assert!(report.refused.len() > 12, "{:?}", report.refused);
    let verification = verify(shop.store().adapter(), &mut |_, _| {}).await.unwrap();
    assert_eq!((verification.faults.len(), verification.events), (0, report.events));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_rows_and_running_it_again_adds_nothing() {
    let (one, other) =
        (OrderMaster::open("memory:").await.unwrap(), OrderMaster::open("memory:").await.unwrap());
    let business = Business { seed: 3, orders: 200, days: 2 };
    let first = run(&one, business).await;
    run(&other, business).await;
    let before = rows(&one).await;
    assert_eq!(before, rows(&other).await);

    let again = run(&one, business).await;
    assert_eq!((again.events, again.commands, &again.refused), (0, first.commands, &first.refused));
    assert_eq!(describe(&one).await.events, first.events);
    assert_eq!(before, rows(&one).await);
}

#[tokio::test]
async fn two_seeds_share_one_store() {
    let shop = OrderMaster::open("memory:").await.unwrap();
    for seed in [1, 2] {
        let report = run(&shop, Business { seed, orders: 100, days: 1 }).await;
        assert_eq!((report.orders, report.already_there), (100, 0));
    }
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_says_so_and_is_gone_on_with() {
    let shop = OrderMaster::open("memory:").await.unwrap();
    let business = Business { seed: 5, orders: 300, days: 1 };
    let stop = Stop::new();
    let mut on_progress = |done, _| {
        if done == 100 {
            stop.ask();
        }
    };
    let stopped = generate::run(&shop, business, &stop, &mut on_progress).await.unwrap();
    assert!(stopped.stopped && (100..300).contains(&stopped.orders), "{stopped:?}");
    let rest = run(&shop, business).await;
    assert_eq!((rest.orders, rest.stopped), (300, false));
    assert_eq!(describe(&shop).await.events, stopped.events + rest.events);
}

#[cfg(feature = "sqlite")]
mod killed {
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use ordermaster::app::OrderMaster;
    use ordermaster::generate::Business;

    use super::{describe, rows, run};

    const BUSINESS: Business = Business { seed: 11, orders: 600, days: 1 };

    fn begin(url: &str) -> Child {
        let (orders, seed) = (BUSINESS.orders.to_string(), BUSINESS.seed.to_string());
        Command::new(env!("CARGO_BIN_EXE_ordermaster"))
            .args(["--store", url, "generate", "--orders", &orders, "--seed", &seed])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// How many events there are once there are at least so many.
    async fn wait_for(shop: &OrderMaster, events: u64) -> u64 {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let found = describe(shop).await.events;
            if found >= events {
                return found;
            }
            assert!(Instant::now() < deadline, "only {found} of {events} events came");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn ctrl_c_ends_a_run_in_good_order_and_says_how_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let shop = OrderMaster::open(&url).await.unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_ordermaster"))
            .args(["--store", &url, "generate", "--orders", "100000", "--seed", "11"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(&shop, 500).await;
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let (told, reason) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{told}{reason}");
        let again =
            format!("`ordermaster generate --orders 100000 --seed 11 --days 1 --store {url}` goes on");
        assert!(reason.contains(&again), "{reason}");
        let recorded = describe(&shop).await.events.to_string();
        let events = told.lines().find(|line| line.starts_with("events recorded")).unwrap();
        assert!(events.ends_with(&recorded), "{recorded} events are there, but: {events}");
    }

    #[tokio::test]
    async fn a_killed_run_is_gone_on_with_and_doubles_nothing() {
        let whole = OrderMaster::open("memory:").await.unwrap();
        let all = run(&whole, BUSINESS).await.events;

        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let shop = OrderMaster::open(&url).await.unwrap();
        let mut killed = 0;
        for part in [1, 2, 3] {
            let mut child = begin(&url);
            wait_for(&shop, all * part / 5).await;
            child.kill().unwrap();
            let ended = child.wait().unwrap();
            killed += u32::from(!ended.success());
        }
        assert!(killed > 0, "every run came to its end before it was killed");
        let there = describe(&shop).await.events;
        assert!(there < all, "{there} of {all} events were there before the last run");

        assert!(begin(&url).wait().unwrap().success());
        assert_eq!(describe(&shop).await.events, all);
        assert_eq!(rows(&shop).await, rows(&whole).await);
        let verification = ordermaster::verify::verify(shop.store().adapter(), &mut |_, _| {}).await.unwrap();
        assert_eq!((verification.faults.len(), verification.events), (0, all));
    }
}
