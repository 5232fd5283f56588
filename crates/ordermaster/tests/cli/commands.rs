//! Commands that change something or look at a stream, and how each is refused.

use serde_json::Value;

use crate::shop::Shop;

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
        reason.starts_with("error: order-o-1 refused: cannot ship an order that is created; possible now: "),
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
