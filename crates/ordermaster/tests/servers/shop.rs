//! What the program must do on any server, written once.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use async_trait::async_trait;
use serde_json::Value;

/// A store of its own on a server.
#[async_trait]
pub(crate) trait Server: Sized + Send + Sync {
    /// The adapter's name.
    const ADAPTER: &'static str;

    async fn empty() -> Self;

    fn url(&self) -> String;

    /// What nobody may be shown.
    fn secret(&self) -> Option<String>;

    /// The URL of a server that is not there, and what the error says of it.
    fn nobody() -> (&'static str, &'static str);
}

const FILE: &str = "sqlite://shop.db";

pub(crate) struct Shop<S> {
    pub(crate) server: S,
    pub(crate) folder: tempfile::TempDir,
}

impl<S: Server> Shop<S> {
    pub(crate) async fn empty() -> Self {
        Self { server: S::empty().await, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn command(&self, store: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ordermaster"));
        command.current_dir(self.folder.path()).env_remove("ANNALS_ACTOR").stdin(Stdio::null());
        command.env("ANNALS_STORE", store).args(arguments);
        command
    }

    pub(crate) fn run(&self, store: &str, arguments: &[&str]) -> Output {
        let output = self.command(store, arguments).output().unwrap();
        for said in [&output.stdout, &output.stderr] {
            let said = String::from_utf8_lossy(said);
            let shows = self.server.secret().is_some_and(|secret| said.contains(&secret));
            assert!(!shows, "{arguments:?} shows the password: {said}");
        }
        output
    }

    /// Runs a command that must succeed, on the server.
    pub(crate) fn done(&self, command: &str) -> String {
        self.done_on(&self.server.url(), command)
    }

    fn done_on(&self, store: &str, command: &str) -> String {
        let output = self.run(store, &command.split(' ').collect::<Vec<_>>());
        let reason = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command}: {reason}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same command on the server and on a file, and that they answer the same.
    fn same(&self, command: &str) -> Vec<Value> {
        let [here, there] = [self.server.url(), FILE.to_owned()].map(|store| {
            let lines = self.done_on(&store, &format!("{command} --json"));
            let values = lines.lines().map(|line| serde_json::from_str(line).unwrap());
            values.map(without_chance).collect::<Vec<Value>>()
        });
        assert_eq!(here, there, "{command}");
        here
    }
}

/// What a store answers, without what differs from run to run.
fn without_chance(mut value: Value) -> Value {
    const BY_CHANCE: &[&str] = &[
        "id",
        "recorded_at",
        "at",
        "digest",
        "commit",
        "event_id",
        "position",
        "since",
        "until",
        "seconds",
        "behind_seconds",
    ];
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !BY_CHANCE.contains(&name.as_str()));
            for field in fields.values_mut() {
                *field = without_chance(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_chance(item.take());
            }
        }
        // An instant of this very run, to the microsecond.
        Value::String(text) if text.len() == "2026-02-27T12:00:00.000000Z".len() && text.ends_with('Z') => {
            "at some time".clone_into(text);
        }
        _ => {}
    }
    value
}

pub(crate) async fn every_kind_of_command_answers_as_on_a_file<S: Server>() {
    let shop = Shop::<S>::empty().await;
    for store in [shop.server.url(), FILE.to_owned()] {
        shop.done_on(&store, "generate --orders 30 --seed 7");
    }
    let views = shop.same("views list");
    assert_eq!(views.len(), 8);
    let events = shop.done("events --type OrderCreated --limit 3 --json");
    let order: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    let order = order["stream"].as_str().unwrap();
    assert_eq!(shop.same(&format!("show {order}")).len(), 1);
    assert!(!shop.same(&format!("history {order}")).is_empty());
    shop.same(&format!("diff {order} --from v1"));
    shop.same("sales");
    for view in &views {
        let name = view["name"].as_str().unwrap();
        let followed = shop.same(&format!("views show {name}"));
        shop.done(&format!("views rebuild {name}"));
        assert_eq!(shop.same(&format!("views show {name}")), followed);
    }
    // Running it again adds nothing.
    let again = shop.done("generate --orders 30 --seed 7 --json");
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["events"], 0, "{again}");
}

pub(crate) async fn an_import_can_be_repeated_and_the_store_checked<S: Server>() {
    let shop = Shop::<S>::empty().await;
    let csv = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/invoices.csv");
    let import = format!("import {}", csv.display());
    shop.done(&import);
    let info = || -> Value { serde_json::from_str(&shop.done("store info --json")).unwrap() };
    let first = info();
    assert_eq!(first["adapter"], S::ADAPTER);
    assert!(first["events"].as_u64().unwrap() > 20, "{first}");
    shop.done(&import);
    assert_eq!(info()["events"], first["events"], "a second run adds nothing");
    shop.done("store check");
}

pub(crate) async fn events_are_followed_as_they_come<S: Server>() {
    let shop = Shop::<S>::empty().await;
    shop.done("inventory receive TEA --quantity 5");
    let follow = ["events", "--follow", "--json", "--limit", "3"];
    let mut following = shop.command(&shop.server.url(), &follow).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["version"], 1);
    shop.done("inventory receive TEA --quantity 2");
    assert_eq!(next()["version"], 2);
    shop.done("inventory receive TEA --quantity 1");
    assert_eq!(next()["version"], 3);
    assert!(following.wait().unwrap().success());
}

pub(crate) async fn the_demo_proves_what_it_says<S: Server>() {
    let shop = Shop::<S>::empty().await;
    let text = shop.done("demo --orders 60 --seed 4");
    assert!(text.contains("rows compared: the proof holds"), "{text}");
}

pub(crate) async fn a_server_that_is_not_there_is_one_clear_line<S: Server>() {
    let shop = Shop::<S>::empty().await;
    let (nobody, said) = S::nobody();
    let output = shop.run(nobody, &["store", "info"]);
    let reason = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), reason.lines().count()), (Some(1), 1), "{reason}");
    assert!(reason.contains(said) && !reason.contains("hush-hush"), "{reason}");
}
