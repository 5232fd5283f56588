//! PostgreSQL's own binaries: on the path, where Debian keeps them, else fetched.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::{ServiceError, Version, npm, process};

/// The release that is fetched where 18 is not on the machine.
const RELEASE_18: &str = "18.4.0-beta.17";

/// The binaries of one version.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) folder: PathBuf,
    /// As the server tells it: `15.18`.
    pub(crate) version: String,
    pub(crate) account: Account,
}

impl Binaries {
    pub(crate) fn find(version: Version) -> Result<Self, ServiceError> {
        let account = Account::choose()?;
        let here: Vec<Self> = folders().into_iter().filter_map(|folder| Self::at(folder, account)).collect();
        let exact = here.iter().filter(|found| found.major() == Some(version.major()));
        // Of several the one with the client programs, and of those the first.
        if let Some(exact) = exact.min_by_key(|found| !found.program("pg_dump").exists()) {
            return Ok(exact.clone());
        }
        match version {
            Version::V15 => {
                // Where the oldest supported is not to be had, the machine's own serves.
                let mut between: Vec<_> = here.into_iter().filter(|found| found.major() > Some(15)).collect();
                between.sort_by_key(Self::major);
                between.into_iter().next().ok_or_else(|| missing(version, "no binaries were found"))
            }
            Version::V18 => {
                let folder = npm::postgres(RELEASE_18, account);
                let folder = folder.map_err(|error| missing(version, &error.to_string()))?;
                Self::at(folder, account)
                    .ok_or_else(|| missing(version, "what npm fetched does not run here"))
            }
        }
    }

    fn at(folder: PathBuf, account: Account) -> Option<Self> {
        if !folder.join("initdb").exists() {
            return None;
        }
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        let said = process::run(account.command(&folder.join("postgres")).arg("--version")).ok()?;
        let version = said.split_whitespace().nth(2)?.to_owned();
        Some(Self { folder, version, account })
    }

    fn major(&self) -> Option<u32> {
        let digits = self.version.split(|letter: char| !letter.is_ascii_digit()).next()?;
        digits.parse().ok()
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).filter(|folder| folder.join("postgres").exists());
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    on_path.chain(debian.map(|entry| entry.path().join("bin"))).collect()
}

fn missing(version: Version, detail: &str) -> ServiceError {
    let remedy = match version {
        Version::V15 => "install it (Debian: apt-get install postgresql)",
        Version::V18 => "install it, or npm and node, which fetch it",
    };
    ServiceError::Missing { what: version.name(), remedy: format!("{remedy} ({detail})") }
}

/// Looks for a program on the path and where administrators' programs lie.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| Path::is_file(program))
}
