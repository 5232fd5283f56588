//! Read models, lists, and the store's own description.

use serde_json::Value;

use crate::shop::{Shop, text};

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
    assert!(shop.json("views list").iter().all(|view| view["up_to_date"] == true && view["parked"] == 0));
}

#[test]
fn a_store_describes_and_checks_itself() {
    let shop = Shop::with_a_delivered_order();
    let described = &shop.json("store info")[0];
    assert_eq!((&described["adapter"], &described["events"]), (&Value::from("sqlite"), &Value::from(5)));
    shop.done("views show order_summary");
    let described = &shop.json("store info")[0];
    assert_eq!(described["categories"], serde_json::json!([{ "category": "order", "streams": 1 }]));
    let summary = described["read_models"].as_array().unwrap().iter().find(|m| m["name"] == "order_summary");
    assert_eq!((&summary.unwrap()["rows"], &summary.unwrap()["up_to_date"]), (&1.into(), &true.into()));
    assert_eq!(described["warnings"], serde_json::json!([]));
    let risky = shop.json("store info --store sqlite://ordermaster.db?durability=off");
    assert!(risky[0]["warnings"][0].as_str().unwrap().contains("a power cut may damage the file"));

    let checked = shop.done("store check");
    assert!(checked.ends_with("\nevents checked: 5 of 5\n"), "{checked}");
    let parts = checked.lines().skip(1).take(9);
    assert!(parts.clone().all(|part| part.ends_with("nothing wrong")) && parts.count() == 9, "{checked}");
    let checked = &shop.json("store check")[0];
    assert_eq!((&checked["findings_in_all"], &checked["parts"][8]["part"]), (&0.into(), &"views".into()));
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
fn the_newest_come_first_whatever_their_status_and_ids() {
    let shop = Shop::empty();
    for (order, day) in [("o-3", "01"), ("o-1", "03"), ("o-2", "02")] {
        let placed = format!("2026-02-{day}");
        let words = ["order", "create", "--id", order, "--customer", "ada", "--address=France"];
        let done = shop.run(&[&words[..], &["--item", "TEA:1:5", "--placed-at", &placed]].concat());
        assert!(done.status.success(), "{done:?}");
    }
    shop.done("order confirm o-2 --method pm_1");
    let newest = |command: &str| {
        let rows = shop.json(command);
        rows.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(newest("order list --newest-first"), ["o-1", "o-2", "o-3"]);
    assert_eq!(newest("order list"), ["o-1", "o-2", "o-3"]);
    assert_eq!(newest("order list --status created --newest-first"), ["o-1", "o-3"]);
}

#[test]
fn more_is_offered_only_where_there_is_more() {
    let shop = Shop::empty();
    for order in 0..3 {
        shop.create(&format!("o-{order}"), "ada");
    }
    for command in
        ["order list", "order list --newest-first", "views show customer_orders", "customer orders ada"]
    {
        // `done` wants a silent stderr.
        shop.done(&format!("{command} --limit 3"));
        let output = shop.run(&format!("{command} --limit 2").split(' ').collect::<Vec<_>>());
        assert_eq!(text(&output.stdout).lines().count(), 3, "{command}");
        assert!(text(&output.stderr).ends_with("2; see more with --limit\n"), "{command}");
    }
}

#[test]
fn history_tells_what_the_event_says_and_the_state_does_not_keep() {
    let shop = Shop::with_a_delivered_order();
    shop.done("order return o-1 --item CUP:1 --reason broken --refund 14.40");
    let told = shop.done("history order-o-1");
    for said in
        ["payment_method: pm_1", "payment: p-1", "carrier: Post", "tracking_number: T-1", "reason: broken"]
    {
        assert!(told.contains(&format!("\n    {said}\n")), "{said}: {told}");
    }
    // What the state shows is not said twice.
    assert_eq!(told.matches("25.20").count(), 2, "{told}");
}

#[test]
fn a_list_of_nothing_says_so() {
    let shop = Shop::with_a_delivered_order();
    for command in ["order list --status paid", "customer orders eve", "sales --from 2026-02-28"] {
        assert_eq!(shop.done(command), "(none)\n", "{command}");
        assert_eq!(shop.json(command), Vec::<Value>::new());
    }
}

#[test]
fn a_view_says_how_many_events_it_is_behind() {
    let shop = Shop::with_a_delivered_order();
    shop.done("views show order_summary");
    shop.create("o-2", "ada");
    let told = shop.done("views list");
    let line = |name: &str| told.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("order_summary").contains("1 event, "), "{told}");
    assert!(line("order_history").contains("6 events, "), "{told}");
    assert!(line("account_summary").contains("  -"), "{told}");
    assert!(told.starts_with("NAME") && told.lines().next().unwrap().contains("PARKED"), "{told}");
}
