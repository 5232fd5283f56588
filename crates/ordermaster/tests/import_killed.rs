//! Killing an import: the built program is killed at several moments, and begun again to its end.
//!
//! The file is made here: each customer has two orders, of which the second is partly or wholly given back, in one or
//! several cancellations, and one cancellation finds nothing.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ordermaster::app::OrderMaster;
use ordermaster::import::{self, ImportOptions, Refusal};
use ordermaster::stop::Stop;
use ordermaster_domain::OrderId;

const CUSTOMERS: u32 = 300;

/// A line of the file, without the customer's country.
fn line(file: &mut String, invoice: &str, quantity: i64, hour: u32, customer: u32) {
    let number = 10_000 + customer;
    // Writing to a String cannot fail.
    let _ = writeln!(
        file,
        "{invoice},TEA,GREEN TEA,{quantity},2011-01-03 {hour:02}:00:00,2.50,{number}.0,France"
    );
}

fn invoices() -> String {
    let mut file =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n".to_owned();
    for customer in 0..CUSTOMERS {
        let id = |kind: u32| format!("{}", 100_000 + 10 * customer + kind);
        line(&mut file, &id(1), 4, 8, customer);
        line(&mut file, &id(2), 10, 9, customer);
        match customer % 4 {
            0 => line(&mut file, &format!("C{}", id(3)), -3, 10, customer),
            1 => line(&mut file, &format!("C{}", id(3)), -10, 10, customer),
            2 => {
                line(&mut file, &format!("C{}", id(3)), -6, 10, customer);
                line(&mut file, &format!("C{}", id(4)), -4, 11, customer);
                // Nothing is left of the second order, so this one is the first's.
                line(&mut file, &format!("C{}", id(5)), -4, 12, customer);
            }
            _ => line(&mut file, &format!("C{}", id(3)), -11, 10, customer),
        }
    }
    file
}

fn begin(url: &str, file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ordermaster"))
        .args(["--store", url, "import"])
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn events(shop: &OrderMaster) -> u64 {
    shop.store().adapter().inspect.describe().await.unwrap().events
}

async fn wait_for(shop: &OrderMaster, wanted: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while events(shop).await < wanted {
        assert!(Instant::now() < deadline, "{wanted} events did not come");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_killed_import_is_gone_on_with_and_doubles_nothing() {
    let whole = OrderMaster::open("memory:").await.unwrap();
    let (options, text) = (ImportOptions::default(), invoices());
    let report = import::run(&whole, text.as_bytes(), &options, &Stop::new(), &mut |_, _| {}).await.unwrap();
    let quarter = u64::from(CUSTOMERS / 4);
    assert_eq!((report.orders.new, report.returns.new), (8 * quarter, 5 * quarter));
    assert_eq!(report.refused.count(Refusal::CancellationOfTooMuch), quarter);
    assert_eq!(report.events, (8 * 7 + 5 * 2) * quarter);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoices.csv");
    std::fs::write(&file, text).unwrap();
    let url = format!("sqlite://{}", folder.path().join("shop.db").display());
    let shop = OrderMaster::open(&url).await.unwrap();
    let mut killed = 0;
    for part in [1, 2, 3] {
        let mut child = begin(&url, &file);
        wait_for(&shop, report.events * part / 5).await;
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
    }
    assert!(killed > 0 && events(&shop).await < report.events, "every run ended before it was killed");

    assert!(begin(&url, &file).wait().unwrap().success());
    assert_eq!(events(&shop).await, report.events);
    for customer in 0..CUSTOMERS {
        for kind in [1, 2] {
            let id = OrderId::new(&(100_000 + 10 * customer + kind).to_string()).unwrap();
            let (one, other) =
                (shop.orders().load(&id).await.unwrap(), whole.orders().load(&id).await.unwrap());
            assert_eq!(one.state, other.state, "order {id}");
        }
    }
}
