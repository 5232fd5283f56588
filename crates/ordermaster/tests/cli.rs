//! The program as people run it: arguments in, text or JSON out, an exit code. Each test has a store of its own.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A store in a directory of its own, and the program that works on it.
struct Shop {
    directory: TempDir,
}

impl Shop {
    fn empty() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    fn with_a_delivered_order() -> Self {
        let shop = Self::empty();
        shop.create("o-1", "ada");
        shop.done("order confirm o-1 --method pm_1");
        shop.done("order pay o-1 --payment p-1");
        shop.done("order ship o-1 --carrier Post --tracking T-1");
        shop.done("order deliver o-1");
        shop
    }

    fn create(&self, order: &str, customer: &str) {
        let address = "--address=1 High Street, London, United Kingdom";
        let words =
            "--currency GBP --tax-rate 0.2 --placed-at 2026-02-27 --item TEA:2:4.50:Green --item CUP:1:12";
        let mut arguments = vec!["order", "create", "--id", order, "--customer", customer, address];
        arguments.extend(words.split(' '));
        let done = self.run(&arguments);
        assert!(done.status.success(), "{done:?}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ordermaster"));
        command.args(arguments).current_dir(self.directory.path());
        command.env_remove("ANNALS_STORE").env_remove("ANNALS_ACTOR").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed without a word on stderr, and gives what it printed.
    fn done(&self, command: &str) -> String {
        let output = self.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{command}");
        text(&output.stdout)
    }

    /// The same, of JSON on every line.
    fn json(&self, command: &str) -> Vec<Value> {
        let lines = self.done(&format!("{command} --json"));
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a command that must fail with 1, without an answer, and gives its one line of reason.
    fn refused(&self, command: &str) -> String {
        let output = self.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{command}");
        let reason = text(&output.stderr);
        assert_eq!(reason.lines().count(), 1, "{reason}");
        reason
    }

    fn file_exists(&self) -> bool {
        self.directory.path().join("ordermaster.db").exists()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_order_lives_its_whole_life() {
    let shop = Shop::with_a_delivered_order();
    let returned = shop.done("order return o-1 --item CUP:1 --reason broken --refund 14.40");
    assert_eq!(returned, "order-o-1 is at version 6: OrderReturned\n");
    let shown = shop.done("show order-o-1");
    assert!(shown.starts_with("order-o-1 at version 6, recorded at "), "{shown}");
    assert!(shown.contains("returned"), "{shown}");
    assert!(shown.contains("25.20 GBP"), "{shown}");
    let state = &shop.json("show order-o-1")[0]["state"];
    assert_eq!(state["refunded"]["amount"], "14.40");
}

#[test]
fn an_id_is_drawn_when_none_is_given_and_printed() {
    let shop = Shop::empty();
    let open = ["account", "open", "--owner", "Ada", "--balance", "10 GBP", "--json"];
    let ids: Vec<_> = (0..2)
        .map(|_| serde_json::from_slice::<Value>(&shop.run(&open).stdout).unwrap())
        .map(|opened| opened["id"].as_str().unwrap().to_owned())
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(shop.json(&format!("show account-{}", ids[1]))[0]["version"], 1);
}

#[test]
fn the_past_can_be_looked_at() {
    let shop = Shop::with_a_delivered_order();
    let at_two = &shop.json("show order-o-1 --version 2")[0];
    assert_eq!((&at_two["version"], &at_two["state"]["phase"]), (&Value::from(2), &Value::from("confirmed")));

    let events = shop.json("events --type OrderPaid");
    let paid_at = events[0]["recorded_at"].as_str().unwrap();
    let then = &shop.json(&format!("show order-o-1 --at {paid_at}"))[0];
    assert_eq!((&then["version"], &then["state"]["phase"]), (&Value::from(3), &Value::from("paid")));

    let too_early = shop.refused("show order-o-1 --at 2020-01-01");
    assert!(too_early.contains("there was no order-o-1 yet at 2020-01-01T23:59:59.999999Z"), "{too_early}");
    let beyond = shop.refused("show order-o-1 --version 99");
    assert!(beyond.contains("order-o-1 has no version 99"), "{beyond}");
}

#[test]
fn history_tells_what_each_event_changed_and_by_whom() {
    let shop = Shop::empty();
    shop.create("o-1", "ada");
    shop.done("order confirm o-1 --method pm_1 --actor grace --correlation c-1");
    let entries = shop.json("history order-o-1");
    assert_eq!(entries.len(), 2);
    let confirmed = &entries[1];
    assert_eq!(
        (confirmed["actor"].as_str(), confirmed["correlation_id"].as_str()),
        (Some("grace"), Some("c-1"))
    );
    assert_eq!(confirmed["differences"][0]["path"], "phase");
    let told = shop.done("history order-o-1");
    assert!(told.contains("OrderConfirmed  by grace\n    phase: created → confirmed"), "{told}");
}

#[test]
fn two_moments_can_be_compared() {
    let shop = Shop::with_a_delivered_order();
    let differences = shop.json("diff order-o-1 --from v2 --to v3");
    let paths: Vec<_> = differences.iter().map(|difference| difference["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["paid.amount", "phase"]);
    let to_now = shop.done("diff order-o-1 --from v4");
    assert!(to_now.contains("shipped") && to_now.contains("delivered"), "{to_now}");
}

#[test]
fn a_move_that_is_not_allowed_is_refused_with_the_reason() {
    let shop = Shop::empty();
    shop.create("o-1", "ada");
    let reason = shop.refused("order ship o-1 --carrier Post --tracking T-1");
    assert!(
        reason.starts_with("error: order-o-1 refused: cannot ship an order that is created: it allows"),
        "{reason}"
    );
    let absent = shop.refused("order pay o-2 --payment p-1");
    assert!(absent.contains("there is no order o-2 in this store"), "{absent}");
    assert_eq!(shop.json("events").len(), 1, "nothing was written");
}

#[test]
fn what_is_not_understood_ends_with_two() {
    let shop = Shop::empty();
    for wrong in [
        "order",
        "order create --customer ada",
        "show no_stream",
        "show order-1 --at yesterday",
        "views rebuild",
    ] {
        let output = shop.run(&wrong.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    assert!(!shop.file_exists());
}

#[test]
fn reading_makes_no_store() {
    let shop = Shop::empty();
    for read in [
        "show order-o-1",
        "events",
        "views list",
        "views show order_summary",
        "store info",
        "order deliver o-1",
    ] {
        let reason = shop.refused(read);
        assert!(reason.contains("there is no store at ordermaster.db yet: make one with"), "{reason}");
    }
    assert!(!shop.file_exists());
}

#[test]
fn another_store_can_be_named() {
    let shop = Shop::empty();
    shop.done("inventory receive TEA --quantity 5 --store sqlite://other.db");
    assert!(!shop.file_exists());
    let levels = shop.json("views show inventory_levels --store sqlite://other.db");
    assert_eq!(levels[0]["row"]["available"], 5);
    let unknown = shop.refused("events --store redis://secret@host");
    assert!(unknown.contains("redis") && !unknown.contains("secret"), "{unknown}");
}

#[test]
fn stock_and_payments_follow_their_rules() {
    let shop = Shop::empty();
    shop.done("inventory receive TEA --quantity 5");
    shop.done("inventory reserve TEA --order o-1 --quantity 3");
    let short = shop.refused("inventory reserve TEA --order o-2 --quantity 3");
    assert!(short.starts_with("error: inventory-TEA refused: "), "{short}");
    let unchanged = &shop.json("inventory adjust TEA --counted 5 --reason counted")[0];
    assert_eq!((&unchanged["unchanged"], &unchanged["version"]), (&Value::from(true), &Value::from(2)));

    let output =
        shop.run(&["payment", "request", "--order", "o-1", "--amount", "5 GBP", "--method", "pm", "--json"]);
    let requested: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = requested["id"].as_str().unwrap();
    shop.done(&format!("payment process {id} --transaction t-1"));
    shop.done(&format!("payment refund {id} --amount 2"));
    let refunded = &shop.json(&format!("show payment-{id}"))[0];
    assert_eq!(refunded["state"]["refunded"]["amount"], "2.00");
}

#[test]
fn a_statement_carries_the_balance() {
    let shop = Shop::empty();
    let opened = shop.run(&["account", "open", "--id", "a-1", "--owner", "Ada", "--balance", "100 GBP"]);
    assert!(opened.status.success());
    shop.done("account deposit a-1 --amount 20.5 --method cash");
    shop.done("account withdraw a-1 --amount 0.50");
    let lines = shop.json("account statement a-1");
    let balances: Vec<_> = lines.iter().map(|line| line["balance"]["amount"].as_str().unwrap()).collect();
    assert_eq!(balances, ["100.00", "120.50", "120.00"]);
    let too_much = shop.refused("account withdraw a-1 --amount 500");
    assert!(too_much.contains("cannot withdraw 500.00 GBP: the balance is 120.00 GBP"), "{too_much}");
}

#[test]
fn views_are_found_by_key_and_by_index() {
    let shop = Shop::with_a_delivered_order();
    shop.create("o-2", "ada");
    shop.create("o-3", "grace");
    let row = &shop.json("views show order_summary --key o-1")[0];
    assert_eq!((&row["key"], &row["row"]["status"]), (&Value::from("o-1"), &Value::from("delivered")));
    let of = |command: &str| {
        let rows = shop.json(command);
        rows.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("views show order_summary --index status=created"), ["o-2", "o-3"]);
    assert_eq!(of("views show customer_orders --index customer=ada --newest-first"), ["ada o-2", "ada o-1"]);
    assert_eq!(of("order list --status created --newest-first --limit 9"), ["o-3", "o-2"]);
    assert_eq!(of("views show order_history --index order=o-3"), ["o-3 0000000001"]);

    let orders = shop.json("customer orders ada");
    assert_eq!(orders.len(), 2);
    assert_eq!(shop.json("customer totals ada")[0]["spent"], "25.20");
    let sales = shop.json("sales --from 2026-02-27 --to 2026-02-27");
    assert_eq!((&sales[0]["orders"], &sales[0]["revenue"]), (&Value::from(3), &Value::from("25.20")));
    assert_eq!(shop.json("sales --from 2026-02-28"), Vec::<Value>::new());

    assert!(shop.refused("views show nothing").contains("known are account_summary"));
    assert!(shop.refused("views show order_summary --index colour=red").contains("has no index \"colour\""));
    assert!(shop.refused("views show order_summary --key o-9").contains("has no row \"o-9\""));
}

#[test]
fn a_rebuilt_view_equals_the_one_that_was_followed() {
    let shop = Shop::with_a_delivered_order();
    let names: Vec<_> =
        shop.json("views list").iter().map(|view| view["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 8);
    let rows = || names.iter().map(|name| shop.json(&format!("views show {name}"))).collect::<Vec<_>>();
    // A part was applied by now; the rest comes in a second batch.
    rows();
    shop.done("order return o-1 --item CUP:1 --reason broken --refund 14.40");
    shop.create("o-2", "grace");
    let followed = rows();
    assert_eq!(followed[names.iter().position(|name| name == "order_history").unwrap()].len(), 7);
    shop.done("views rebuild --all");
    assert_eq!(rows(), followed);
    assert!(shop.json("views list").iter().all(|view| view["up_to_date"] == true && view["waiting"] == 0));
}

#[test]
fn a_store_describes_and_checks_itself() {
    let shop = Shop::with_a_delivered_order();
    let described = &shop.json("store info")[0];
    assert_eq!((&described["adapter"], &described["events"]), (&Value::from("sqlite"), &Value::from(5)));
    let verified = shop.done("store check");
    assert_eq!(verified, "streams: 1, events: 5; every digest holds\n");
}

#[test]
fn everything_has_a_text_for_people() {
    let shop = Shop::with_a_delivered_order();
    for (command, part) in [
        ("views list", "order_summary"),
        ("views show order_summary", "25.20 GBP"),
        ("views show order_summary --key o-1", "delivered"),
        ("views show order_history", "paid: 25.20 GBP by payment p-1"),
        ("events --limit 1", "OrderCreated"),
        ("store info", "sqlite"),
        ("customer totals ada", "25.20"),
        ("customer orders ada", "delivered"),
        ("sales", "2026-02-27"),
        ("--help", "ordermaster order create --id o-1"),
    ] {
        let told = shop.done(command);
        assert!(told.contains(part), "{command}: {told}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let shop = Shop::empty();
    for order in 0..30 {
        shop.create(&format!("o-{order}"), "ada");
    }
    let mut child =
        shop.command(&["events", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nobody will ever read what it writes.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

/// A child that is killed when a test fails before it ended.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn following_prints_what_comes_and_ends_with_ctrl_c() {
    let shop = Shop::empty();
    shop.create("o-1", "ada");
    let child = shop.command(&["events", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut following = Following(child);
    let mut lines = BufReader::new(following.0.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("order-o-1 v1  OrderCreated"));
    shop.done("order confirm o-1 --method pm_1");
    assert!(lines.next().unwrap().unwrap().contains("order-o-1 v2  OrderConfirmed"));
    let interrupted = Command::new("kill").args(["-INT", &following.0.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(following.0.wait().unwrap().code(), Some(0));
}
