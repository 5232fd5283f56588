//! Stores where nothing can be written: a file, or a folder, of which this user may only read. What the views hold is
//! shown; what would write says why it cannot.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Output;

use super::place::{Case, Place, refused, text, told, words};

/// A place with business, and a user who may write nothing in it.
struct Guarded {
    place: Place,
    /// The program, where that user may run it.
    program: PathBuf,
}

fn allow(path: PathBuf, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

impl Guarded {
    fn new(file: u32, folder: u32) -> Self {
        let place = Place::with_business();
        let program = place.path("ordermaster");
        std::fs::copy(env!("CARGO_BIN_EXE_ordermaster"), &program).unwrap();
        allow(program.clone(), 0o555);
        let guarded = Self { place, program };
        guarded.allow(file, folder);
        guarded
    }

    fn allow(&self, file: u32, folder: u32) {
        allow(self.place.path("ordermaster.db"), file);
        allow(self.place.folder().to_owned(), folder);
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = std::process::Command::new(&self.program);
        command.args(words(arguments)).current_dir(self.place.folder());
        command.env_remove("ANNALS_STORE").env_remove("ANNALS_ACTOR");
        // To root everything is allowed, so the program runs as nobody then.
        if std::fs::metadata(&self.program).unwrap().uid() == 0 {
            command.uid(65_534).gid(65_534);
        }
        command.output().unwrap()
    }

    fn done(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments}");
        text(&output.stdout)
    }

    fn check(&self, case: &Case) {
        let before = self.place.held("ordermaster.db");
        let output = self.run(case.arguments);
        told(case, &output);
        assert_eq!(text(&output.stdout), "", "{}", case.arguments);
        assert_eq!(self.place.held("ordermaster.db"), before, "{} changed the store", case.arguments);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // So that the folder can be removed.
        self.allow(0o644, 0o755);
    }
}

const WRITES: [Case; 4] = [
    refused(
        "order pay o-2 --payment p-1",
        "error: committing 1 event to order-o-2: the store is read-only: *; open it with the right to write (nothing was \
         written)",
    ),
    refused(
        "account deposit a-1 --amount 1 --method cash",
        "error: committing 1 event to account-a-1: * read-only: * (nothing was written)",
    ),
    refused(
        "generate --orders 3",
        "error: step `*` could not be recorded; * read-only: *; open it with the right to *",
    ),
    refused(
        "views rebuild --all",
        "error: taking the lease view:*: the store is read-only: *; open it with the right *",
    ),
];

fn reads_and_refuses_to_write(guarded: &Guarded) {
    assert!(guarded.done("show order-o-1").starts_with("order-o-1 at version 5"));
    assert!(guarded.done("history order-o-1").contains("tracking_number: T-1"));
    assert_eq!(guarded.done("events").lines().count(), 10);
    assert!(guarded.done("store info").contains("events"));
    assert!(guarded.done("views list").contains("order_summary"));
    assert!(guarded.done("order list").contains("o-1  ada       delivered"));
    assert!(guarded.done("customer orders ada").contains("o-1"));
    for case in &WRITES {
        guarded.check(case);
    }
}

#[test]
fn a_store_in_a_folder_that_cannot_be_written_is_read() {
    reads_and_refuses_to_write(&Guarded::new(0o444, 0o555));
}

#[test]
fn a_store_whose_file_alone_cannot_be_written_is_read() {
    reads_and_refuses_to_write(&Guarded::new(0o444, 0o777));
}

#[test]
fn what_views_do_not_hold_yet_is_said() {
    let guarded = Guarded::new(0o644, 0o755);
    guarded.place.done("order pay o-2 --payment p-1");
    guarded.allow(0o444, 0o555);
    let output = guarded.run("order list");
    let behind = "order_summary is behind, and the store can only be read: copy it to where it can be written to see what \
                  is new\n";
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), behind));
    assert!(text(&output.stdout).contains("o-2  ada       confirmed"));
    assert!(guarded.done("show order-o-2").contains("paid"), "streams are read as they are");
}

#[test]
fn a_log_that_cannot_be_read_there_is_named() {
    let guarded = Guarded::new(0o644, 0o755);
    let log = guarded.place.path("ordermaster.db-wal");
    std::fs::write(&log, [7; 64]).unwrap();
    guarded.allow(0o444, 0o555);
    let output = guarded.run("show order-o-1");
    told(
        &refused(
            "show order-o-1",
            "error: opening ordermaster.db: ordermaster.db cannot be opened: *; allow this user to write the file and its \
             directory, or copy it, together with ordermaster.db-wal, to where it can be written",
        ),
        &output,
    );
}

#[test]
fn a_store_that_cannot_even_be_read_is_named_with_what_to_allow() {
    let guarded = Guarded::new(0o000, 0o755);
    told(
        &refused(
            "show order-o-1",
            "error: opening ordermaster.db: ordermaster.db cannot be opened: *; allow this user to read the file, and to \
             write it and its directory",
        ),
        &guarded.run("show order-o-1"),
    );
}
