//! A store of a test's own, and the program that works on it.

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A store in a directory of its own, and the program that works on it.
pub(crate) struct Shop {
    directory: TempDir,
}

impl Shop {
    pub(crate) fn empty() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    pub(crate) fn with_a_delivered_order() -> Self {
        let shop = Self::empty();
        shop.create("o-1", "ada");
        shop.done("order confirm o-1 --method pm_1");
        shop.done("order pay o-1 --payment p-1");
        shop.done("order ship o-1 --carrier Post --tracking T-1");
        shop.done("order deliver o-1");
        shop
    }

    pub(crate) fn create(&self, order: &str, customer: &str) {
        let address = "--address=1 High Street, London, United Kingdom";
        let words =
            "--currency GBP --tax-rate 0.2 --placed-at 2026-02-27 --item TEA:2:4.50:Green --item CUP:1:12";
        let mut arguments = vec!["order", "create", "--id", order, "--customer", customer, address];
        arguments.extend(words.split(' '));
        let done = self.run(&arguments);
        assert!(done.status.success(), "{done:?}");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ordermaster"));
        command.args(arguments).current_dir(self.directory.path());
        command.env_remove("ANNALS_STORE").env_remove("ANNALS_ACTOR").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed without a word on stderr, and gives what it printed.
    pub(crate) fn done(&self, command: &str) -> String {
        let output = self.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{command}");
        text(&output.stdout)
    }

    /// The same, of JSON on every line.
    pub(crate) fn json(&self, command: &str) -> Vec<Value> {
        let lines = self.done(&format!("{command} --json"));
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a command that must fail with 1, without an answer, and gives its one line of reason.
    pub(crate) fn refused(&self, command: &str) -> String {
        let output = self.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{command}");
        let reason = text(&output.stderr);
        assert_eq!(reason.lines().count(), 1, "{reason}");
        reason
    }

    pub(crate) fn file_exists(&self) -> bool {
        self.directory.path().join("ordermaster.db").exists()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
