//! The stores that can be measured. Another one joins by a line in [`STORES`].

use std::path::Path;

use crate::bench::Outcome;

/// A kind of store.
pub(crate) struct Kind {
    /// Its name.
    pub(crate) name: &'static str,
    /// The URL of the store that keeps itself in this file, or that this file's name stands for.
    pub(crate) url: fn(&Path, Risk) -> String,
    /// The groups of figures that are measured on it, in their order.
    pub(crate) groups: &'static [&'static str],
    /// Whether it is an SQLite file, which plain SQLite can read and write beside us.
    pub(crate) is_sqlite: bool,
    /// Whether it outlives its handle, and several processes may open it.
    pub(crate) is_shared: bool,
}

/// What a commit survives, in stores that let one choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Risk {
    /// A power cut.
    None,
    /// The end of the process; a power cut may take the last commits.
    LastCommits,
    /// The end of the process.
    Everything,
}

/// The store on a server; and the group of its figures, which belongs to a full run of the default store, too.
pub(crate) const POSTGRES: &str = "postgres";

/// The store on Amazon's tables, likewise.
pub(crate) const DYNAMODB: &str = "dynamodb";

const EMBEDDED: &[&str] = &["commits", "lone_commit", "loads", "feed", "disk", "rebuild", "growth"];

/// Every store.
pub(crate) const STORES: &[Kind] = &[
    Kind { name: "sqlite", url: sqlite, groups: EMBEDDED, is_sqlite: true, is_shared: true },
    Kind {
        name: "memory",
        url: |_, _| "memory:".to_owned(),
        groups: EMBEDDED,
        is_sqlite: false,
        is_shared: false,
    },
    // Its server is started when it is measured, and is not in the file.
    Kind {
        name: POSTGRES,
        url: |_, _| POSTGRES.to_owned(),
        groups: &[POSTGRES],
        is_sqlite: false,
        is_shared: true,
    },
    // As with the server, so with the emulator.
    Kind {
        name: DYNAMODB,
        url: |_, _| DYNAMODB.to_owned(),
        groups: &[DYNAMODB],
        is_sqlite: false,
        is_shared: true,
    },
];

/// The kind with this name.
pub(crate) fn named(name: &str) -> Outcome<&'static Kind> {
    STORES.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<_> = STORES.iter().map(|kind| kind.name).collect();
        format!("there is no store {name:?}: choose from {}", names.join(", ")).into()
    })
}

impl Risk {
    /// Its name in a URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "full",
            Self::LastCommits => "normal",
            Self::Everything => "off",
        }
    }
}

fn sqlite(file: &Path, risk: Risk) -> String {
    format!("sqlite://{}?durability={}", file.display(), risk.name())
}
