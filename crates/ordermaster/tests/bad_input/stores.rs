//! URLs of no store, and files that are none, or not to be had.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::place::{Case, Held, Place, not_understood, refused, text};

const URLS: [Case; 9] = [
    refused(
        "events --store sqlite:shop.db",
        "error: \"sqlite:shop.db\" is no store's URL: write sqlite://shop.db",
    ),
    refused("events --store ./shop.db", "error: \"./shop.db\" is no store's URL: write sqlite://./shop.db"),
    refused(
        "generate --orders 1 --store sqlit://shop.db",
        "error: \"sqlit:…\" is no store's URL: write sqlite://FILE, for example sqlite://shop.db",
    ),
    refused(
        "events --store redis://user:secret@host",
        "error: \"redis:…\" is no store's URL: write memory:, sqlite://FILE, postgres://… or dynamodb://…",
    ),
    refused(
        "events --store postgresql:shop",
        "error: \"postgresql:…\" is no store's URL: write *postgres://*",
    ),
    refused(
        "events --store sqlite://",
        "error: reading \"sqlite://\": it names no file; write memory: for a store in memory",
    ),
    refused(
        "events --store sqlite://shop.db?durabilty=off",
        "error: reading \"sqlite://shop.db?durabilty=off\": the parameter \"durabilty\" is not known; known are *",
    ),
    refused(
        "order create --customer ada --address=France --item A:1:1 --store sqlite://no/folder/shop.db",
        "error: opening no/folder/shop.db: no/folder/shop.db cannot be opened: *; create the directory no/folder first",
    ),
    not_understood(
        "events --store",
        "error: a value is required for '--store <URL>' but none was supplied; more *",
    ),
];

/// Commands that read, write and list.
const COMMANDS: [&str; 5] =
    ["show order-o-1", "order pay o-2 --payment p-1", "events", "views list", "store info"];

/// Each command on a store that cannot be opened says the same, and changes nothing.
fn check_commands(place: &Place, file: &str, stderr: &'static str) {
    for command in COMMANDS {
        let arguments: &'static str = format!("{command} --store sqlite://{file}").leak();
        place.check(file, &refused(arguments, stderr));
    }
}

#[test]
fn a_url_of_no_store_is_answered_with_what_to_write() {
    let place = Place::new();
    place.check_all(&URLS);
    assert_eq!(std::fs::read_dir(place.folder()).unwrap().count(), 0, "something was made");
}

#[test]
fn a_kind_of_store_that_is_not_built_in_is_named_and_no_password() {
    for url in ["postgres://user:secret@127.0.0.1:1/shop", "dynamodb://user:secret@shop"] {
        let output = Place::new().run(&format!("events --store {url}"));
        let told = text(&output.stderr);
        let kind = url.split_once(':').unwrap().0;
        assert_eq!((output.status.code(), told.lines().count()), (Some(1), 1), "{told}");
        assert!(
            told.starts_with("error: ") && told.to_lowercase().contains(kind) && !told.contains("secret"),
            "{told}"
        );
    }
}

#[test]
fn a_text_file_is_no_store() {
    let place = Place::new();
    place.write("text.db", "a shopping list: bread, milk\n");
    check_commands(&place, "text.db", "error: text.db is no annals store: it is no SQLite database");
    place.check(
        "text.db",
        &refused(
            "generate --orders 1 --store sqlite://text.db",
            "error: text.db is no annals store: it is *",
        ),
    );
}

#[test]
fn a_database_of_another_program_is_no_store() {
    let place = Place::new();
    Connection::open(place.path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE contacts (name TEXT)")
        .unwrap();
    check_commands(
        &place,
        "other.db",
        "error: other.db is no annals store: it is an SQLite database of another *",
    );
}

#[test]
fn a_directory_is_no_store() {
    let place = Place::new();
    std::fs::create_dir(place.path("folder")).unwrap();
    check_commands(
        &place,
        "folder",
        "error: opening folder: folder cannot be opened: *; it is a directory: name a *",
    );
}

#[test]
fn a_file_without_a_byte_is_no_store_until_something_is_written() {
    let place = Place::new();
    place.write("empty.db", "");
    check_commands(
        &place,
        "empty.db",
        "error: there is no store at empty.db yet: make one with `ordermaster generate`, `ordermaster import` or \
         `ordermaster order create`, or name another with --store",
    );
    assert_eq!(place.held("empty.db"), Held::Bytes(Vec::new()));
    place.done("inventory receive TEA --quantity 1 --store sqlite://empty.db");
    assert!(matches!(place.held("empty.db"), Held::Rows(_)));
}

#[test]
fn a_store_of_a_newer_version_is_left_to_a_newer_release() {
    let place = Place::with_business();
    let raw = Connection::open(place.path("ordermaster.db")).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    check_commands(
        &place,
        "ordermaster.db",
        "error: ordermaster.db has schema version 99, this release knows up to *; use a newer release",
    );
}

#[test]
fn a_store_that_another_process_holds_is_waited_for_no_longer_than_it_may_be() {
    let place = Place::with_business();
    let before = place.held("ordermaster.db");
    let other = Connection::open(place.path("ordermaster.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let url = "--store sqlite://ordermaster.db?busy_timeout=300";
    for (command, doing) in [
        ("order pay o-2 --payment p-1", "committing 1 event to order-o-2"),
        ("account deposit a-1 --amount 1 --method cash", "committing 1 event to account-a-1"),
        ("generate --orders 5", "*"),
        ("views rebuild --all", "taking the lease view:account_summary:1"),
    ] {
        let begun = Instant::now();
        let output = place.run(&format!("{command} {url}"));
        let waited = begun.elapsed();
        let stderr: &'static str =
            format!("error: {doing}: no answer within 300ms; try again once nobody else holds the store*")
                .leak();
        super::place::told(&refused("a locked store", stderr), &output);
        assert!(waited < Duration::from_secs(3), "{command} waited for {waited:?}");
    }
    // Who reads is not held up.
    assert!(place.done("show order-o-1").starts_with("order-o-1 at version 5"));
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert_eq!(place.held("ordermaster.db"), before);
    place.done("order pay o-2 --payment p-1");
}

#[test]
fn a_demo_without_a_store_of_its_own_name_leaves_the_usual_one_alone() {
    let place = Place::with_business();
    let before = place.held("ordermaster.db");
    let mut command = place.command(["demo", "--orders", "60"]);
    let output = command.env("ANNALS_STORE", "sqlite://ordermaster.db").output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(place.held("ordermaster.db"), before);
    let said = text(&output.stdout);
    let made = std::fs::read_dir(place.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let made: Vec<_> = made.map(|name| name.into_string().unwrap()).collect();
    let demos: Vec<_> = made.iter().filter(|name| name.starts_with("ordermaster-demo-")).collect();
    assert_eq!(demos.len(), 1, "{made:?}");
    assert!(said.contains(demos[0].as_str()), "{said}");
}
