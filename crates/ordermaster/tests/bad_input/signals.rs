//! Ctrl-C, SIGTERM and readers that go away, in work that takes long: what was answered stays, nothing is doubled when it
//! is run again, and no lease is left for which the next command would wait.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::place::{Place, refused, text, told, words};

const PATIENCE: Duration = Duration::from_secs(60);

/// A child that is killed when a test fails before it ended.
struct Running(Option<Child>);

impl Running {
    fn begin(place: &Place, arguments: &str) -> Self {
        let mut command = place.command(words(arguments));
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    fn signal(&self, name: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    fn ended(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A number that the store's file gives; none while it is not there yet.
fn number(place: &Place, sql: &str) -> Option<i64> {
    let path = place.path("ordermaster.db");
    let raw = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    raw.query_row(sql, [], |row| row.get(0)).ok()
}

fn wait_until(place: &Place, sql: &str, is_enough: impl Fn(i64) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !number(place, sql).is_some_and(&is_enough) {
        assert!(Instant::now() < deadline, "{sql} never came to it");
        std::thread::sleep(Duration::from_millis(2));
    }
}

const EVENTS: &str = "SELECT count(*) FROM events";
const HELD_LEASES: &str = "SELECT count(*) FROM leases WHERE owner IS NOT NULL";

/// Begins work, sends it a signal once a fifth of its events is there, and runs it again to its end.
fn stopped_and_gone_on_with(arguments: &'static str, signal: &str, whole: &Place, place: &Place) {
    let all = number(whole, EVENTS).unwrap();
    let running = Running::begin(place, arguments);
    wait_until(place, EVENTS, |events| events > all / 5);
    running.signal(signal);
    let output = running.ended();
    let stderr: &'static str =
        format!("error: stopped before the end: `ordermaster {arguments}` goes on from there").leak();
    told(&refused(arguments, stderr), &output);

    // What the report says was recorded is there.
    let recorded = number(place, EVENTS).unwrap();
    assert!(recorded < all, "it had come to its end before it was stopped");
    let said = text(&output.stdout);
    let line = said.lines().find(|line| line.starts_with("events recorded")).unwrap();
    assert_eq!(line.split_whitespace().nth(2), Some(recorded.to_string().as_str()), "{said}");

    place.done(arguments);
    assert_eq!(number(place, EVENTS), Some(all));
    assert_eq!(number(place, "SELECT count(*) FROM streams"), number(whole, "SELECT count(*) FROM streams"));
    place.done(arguments);
    assert_eq!(number(place, EVENTS), Some(all));
}

fn invoices() -> String {
    let mut file =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n".to_owned();
    for number in 0..1_200 {
        let (invoice, customer) = (100_000 + number, 10_000 + number % 500);
        let mut line = |invoice: String, pieces: i32, day: u32| {
            // Writing to a String cannot fail.
            let _ = writeln!(
                file,
                "{invoice},TEA,GREEN TEA,{pieces},2011-01-{day:02} 09:00:00,2.50,{customer}.0,France"
            );
        };
        line(invoice.to_string(), 3, 3);
        if number % 4 == 0 {
            line(format!("C{invoice}"), -1, 4);
        }
    }
    file
}

#[test]
fn an_import_that_is_stopped_keeps_what_was_answered_and_doubles_nothing() {
    let (whole, import) = (Place::new(), "import invoices.csv");
    whole.write("invoices.csv", invoices());
    whole.done(import);
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        place.write("invoices.csv", invoices());
        stopped_and_gone_on_with(import, signal, &whole, &place);
    }
}

#[test]
fn generating_that_is_stopped_keeps_what_was_answered_and_doubles_nothing() {
    let (whole, generate) =
        (Place::new(), "generate --orders 700 --seed 7 --days 2 --store sqlite://./ordermaster.db");
    whole.done(generate);
    for signal in ["-INT", "-TERM"] {
        stopped_and_gone_on_with(generate, signal, &whole, &Place::new());
    }
}

#[test]
fn following_ends_with_either_signal_and_quietly() {
    let place = Place::with_business();
    for signal in ["-INT", "-TERM"] {
        let mut running = Running::begin(&place, "events --follow --type OrderShipped");
        let mut lines = BufReader::new(running.child().stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().contains("order-o-1 v4  OrderShipped"));
        running.signal(signal);
        let output = running.ended();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{signal}");
    }
}

#[test]
fn work_on_views_that_is_stopped_gives_its_lease_back() {
    let place = Place::new();
    place.done("generate --orders 2500 --seed 7");
    for (signal, command) in [
        ("-INT", "views rebuild --all"),
        ("-TERM", "views rebuild --all"),
        ("-INT", "views show transaction_history --limit 1"),
        ("-TERM", "sales"),
    ] {
        if !command.starts_with("views rebuild") {
            // Something to catch up with.
            let raw = Connection::open(place.path("ordermaster.db")).unwrap();
            raw.execute_batch("DELETE FROM views").unwrap();
        }
        let running = Running::begin(&place, command);
        wait_until(&place, HELD_LEASES, |held| held > 0);
        running.signal(signal);
        let output = running.ended();
        told(
            &refused(
                command,
                "error: * was stopped before it was up to date: run it again, it goes on where it was",
            ),
            &output,
        );
        assert_eq!(number(&place, HELD_LEASES), Some(0), "{command} {signal}");
        let begun = Instant::now();
        place.run("views list");
        place.run("views show account_summary --limit 1");
        assert!(begun.elapsed() < Duration::from_secs(10), "{command}: the next one waited for a lease");
    }
}

#[test]
fn whoever_waits_for_a_locked_store_can_be_stopped() {
    let place = Place::with_business();
    let other = Connection::open(place.path("ordermaster.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut running = Running::begin(
        &place,
        "order pay o-2 --payment p-1 --store sqlite://ordermaster.db?busy_timeout=60000",
    );
    // It is known to wait when it has not ended by itself after a while; however long, it must end when told to.
    std::thread::sleep(Duration::from_millis(300));
    assert!(running.child().try_wait().unwrap().is_none());
    let begun = Instant::now();
    running.signal("-INT");
    told(&refused("order pay", "error: stopped before the end: run it again"), &running.ended());
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
}

#[test]
fn readers_that_go_away_end_it_quietly() {
    let place = Place::new();
    place.done("generate --orders 300 --seed 7");
    for command in
        ["events", "events --json", "events --follow", "views show order_history --limit 5000 --json"]
    {
        let mut running = Running::begin(&place, command);
        let mut lines = BufReader::new(running.child().stdout.take().unwrap()).lines();
        assert!(!lines.next().unwrap().unwrap().is_empty());
        drop(lines);
        if command.ends_with("--follow") {
            // It notices once there is something more to tell.
            place.done("inventory receive TEA --quantity 1");
        }
        let output = running.ended();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{command}");
    }
}
