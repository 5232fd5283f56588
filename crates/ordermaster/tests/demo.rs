//! The demo: it comes to its end, proves what it says, and the commands that it leaves behind work as they stand.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

use std::process::{Command, Output};

use serde_json::Value;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ordermaster"))
            .current_dir(self.folder.path())
            .env_remove("ANNALS_STORE")
            .env_remove("ANNALS_ACTOR")
            .args(arguments)
            .output()
            .unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let reason = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {reason}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn every_command_that_it_leaves_behind_works() {
    let place = Place::new();
    let text = place.done(&["--store", "sqlite://shop.db", "demo", "--orders", "150", "--seed", "4"]);
    assert!(text.contains("rows compared: the proof holds"), "{text}");
    assert!(text.contains("every digest holds"), "{text}");

    let commands: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("cargo run ")).collect();
    assert_eq!(commands.len(), 9, "{text}");
    for command in commands {
        let (cargo, arguments) = command.split_once(" -- ").unwrap();
        assert_eq!(cargo, "--release -p ordermaster");
        let printed = place.done(&arguments.split(' ').collect::<Vec<_>>());
        assert!(!printed.trim().is_empty(), "{command} printed nothing");
    }
}

#[test]
fn what_it_shows_keeps_to_its_columns() {
    let text = Place::new().done(&["--store", "sqlite://shop.db", "demo", "--orders", "150"]);
    let shown = text.lines().filter(|line| !line.contains("cargo run"));
    let wide: Vec<_> = shown.filter(|line| line.chars().count() > 90).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn it_runs_on_invoices_and_tells_programs_as_well() {
    let invoices = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/invoices.csv");
    let text = Place::new().done(&["--store", "sqlite://shop.db", "--json", "demo", "--input", invoices]);
    let sections: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let recorded = &sections[0];
    assert_eq!((&recorded["orders"], &recorded["events"]), (&5.into(), &recorded["events_in_store"]));
    let timeline = sections.iter().find(|section| section["section"] == "One order's history").unwrap();
    assert_eq!(timeline["order"], "100001");
    assert_eq!(timeline["entries"].as_array().unwrap().len(), 8);
}

#[test]
fn a_store_that_was_edited_by_hand_fails_the_proofs() {
    let place = Place::new();
    let demo = ["--store", "sqlite://shop.db", "demo", "--orders", "60"];
    place.done(&demo);
    let file = place.folder.path().join("shop.db");
    let (original, forged) = (&br#""carrier":"Swift Parcels""#[..], &br#""carrier":"Swift Parcelz""#[..]);
    let mut bytes = std::fs::read(&file).unwrap();
    let found: Vec<_> =
        (0..bytes.len() - original.len()).filter(|&at| bytes[at..].starts_with(original)).collect();
    assert!(!found.is_empty(), "no event of the file names its carrier");
    for at in found {
        bytes[at..at + forged.len()].copy_from_slice(forged);
    }
    std::fs::write(&file, bytes).unwrap();

    let output = place.run(&demo);
    let (text, reason) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{text}{reason}");
    assert!(text.contains("the proof DOES NOT HOLD") && text.contains("FAULTS"), "{text}");
    assert!(reason.contains("a proof failed"), "{reason}");
}
