//! A folder with the program in it, the table's cases, and what is compared.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use rusqlite::types::Value;

/// A folder of its own.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// One line of a table.
pub(crate) struct Case {
    /// The arguments, divided by blanks; `~` stands for a blank within one, `^` for the escape character.
    pub(crate) arguments: &'static str,
    pub(crate) code: i32,
    /// The line on stderr, in which `*` stands for any text; its own end follows nothing.
    pub(crate) stderr: &'static str,
}

/// A case that ends with 1.
pub(crate) const fn refused(arguments: &'static str, stderr: &'static str) -> Case {
    Case { arguments, code: 1, stderr }
}

/// A case that ends with 2.
pub(crate) const fn not_understood(arguments: &'static str, stderr: &'static str) -> Case {
    Case { arguments, code: 2, stderr }
}

/// What stands where a store is, or should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    /// No SQLite database.
    Bytes(Vec<u8>),
    /// Every row of every table, leases aside: a reader takes them, and gives them back.
    Rows(String),
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With an order that was delivered, an account, stock, a requested payment, and every read model up to date.
    pub(crate) fn with_business() -> Self {
        let place = Self::new();
        for command in [
            "order create --id o-1 --customer ada --address=1~High~Street,~United~Kingdom --currency GBP --tax-rate 0.2 \
             --item TEA:2:4.50:Green --item CUP:1:12",
            "order confirm o-1 --method pm_1",
            "order pay o-1 --payment p-1",
            "order ship o-1 --carrier Post --tracking T-1",
            "order deliver o-1",
            "order create --id o-2 --customer ada --address=France --currency GBP --item TEA:1:5",
            "order confirm o-2 --method pm_1",
            "account open --id a-1 --owner Ada --balance 100~GBP",
            "inventory receive TEA --quantity 5",
            "payment request --id p-2 --order o-2 --amount 5~GBP --method pm_1",
            "views rebuild --all",
        ] {
            place.done(command);
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The program's own store, behind its back and without its guards.
    pub(crate) fn raw(&self) -> Connection {
        let raw = Connection::open(self.path("ordermaster.db")).unwrap();
        raw.execute_batch("DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_removed")
            .unwrap();
        raw
    }

    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ordermaster"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_remove("ANNALS_STORE").env_remove("ANNALS_ACTOR").env("TMPDIR", self.folder.path());
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(words(arguments)).output().unwrap()
    }

    /// Runs a command that must succeed, and gives what it printed.
    pub(crate) fn done(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!((output.status.code(), reasons(&output)), (Some(0), String::new()), "{arguments}");
        text(&output.stdout)
    }

    /// Runs a case: nothing on stdout, one line on stderr, and `store` holds what it held.
    pub(crate) fn check(&self, store: &str, case: &Case) {
        let before = self.held(store);
        let output = self.run(case.arguments);
        told(case, &output);
        assert_eq!(text(&output.stdout), "", "{}", case.arguments);
        assert_eq!(self.held(store), before, "{} changed the store", case.arguments);
    }

    /// Runs every case on the program's own store.
    pub(crate) fn check_all(&self, cases: &[Case]) {
        for case in cases {
            self.check("ordermaster.db", case);
        }
    }

    /// What stands in the file.
    pub(crate) fn held(&self, name: &str) -> Held {
        let path = self.path(name);
        let Ok(bytes) = std::fs::read(&path) else { return Held::Nothing };
        if !bytes.starts_with(b"SQLite format 3\0") {
            return Held::Bytes(bytes);
        }
        let raw = Connection::open(path).unwrap();
        // Another connection may hold the file; nothing can change it then.
        raw.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        Held::Rows(rows(&raw))
    }
}

/// Compares the exit code and stderr.
pub(crate) fn told(case: &Case, output: &Output) {
    let stderr = reasons(output);
    assert_eq!(output.status.code(), Some(case.code), "{}: {stderr}", case.arguments);
    let line = stderr.strip_suffix('\n').unwrap_or(&stderr);
    assert!(!line.contains(|c: char| c.is_control()), "{}: {line:?} is not one plain line", case.arguments);
    assert!(fits(case.stderr, line), "{}\n  said   {line}\n  wanted {}", case.arguments, case.stderr);
}

/// What is said on stderr, but for the line that tells of work which takes its time.
fn reasons(output: &Output) -> String {
    text(&output.stderr).split_inclusive('\n').filter(|line| !line.ends_with(" …\n")).collect()
}

/// Whether the pattern, in which `*` stands for any text, fits the whole line.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

pub(crate) fn words(arguments: &str) -> Vec<String> {
    let word = |word: &str| word.replace('~', " ").replace('^', "\u{1b}");
    arguments.split_whitespace().map(word).collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn rows(raw: &Connection) -> String {
    let mut names = raw
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut dump = String::new();
    for name in names.iter().filter(|name| *name != "leases") {
        let mut statement = raw.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get::<_, Value>(column)).collect();
        let mut rows: Vec<String> = statement
            .query_map([], row)
            .unwrap()
            .map(|row: rusqlite::Result<Vec<Value>>| format!("{:?}", row.unwrap()))
            .collect();
        rows.sort();
        // Writing to a String cannot fail.
        let _ = writeln!(dump, "{name}\n  {}", rows.join("\n  "));
    }
    dump
}

#[test]
fn a_pattern_fits_the_whole_line_or_not_at_all() {
    assert!(fits("a *: b", "a xy: b") && fits("a", "a") && fits("*", "") && fits("*b*", "abc"));
    assert!(!fits("a", "ab") && !fits("a *: b", "a xy: bc") && !fits("b*", "ab") && !fits("a*a", "a"));
}

#[test]
fn what_a_store_holds_is_seen_to_change() {
    let place = Place::with_business();
    let before = place.held("ordermaster.db");
    place.done("show order-o-1");
    assert_eq!(place.held("ordermaster.db"), before);
    place.done("inventory receive TEA --quantity 1");
    assert_ne!(place.held("ordermaster.db"), before);
}
