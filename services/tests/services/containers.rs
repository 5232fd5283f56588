//! Servers in containers: shared as others are, and gone with their last user, whoever of those that look after them is
//! killed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use annals_services::{Collation, Engine, Version, try_dynamodb, try_postgres};
use tempfile::TempDir;

use crate::requests::Dynamo;
use crate::{AGES, SERVICES, process, role, tell, wait_until};

/// What the engine tells about containers; nothing where there are none.
fn told(filter: &str, format: &str) -> Option<String> {
    let mut docker = Command::new("docker");
    docker.args(["ps", "--all", "--no-trunc", "--filter", filter, "--format", format]);
    let said = String::from_utf8(docker.output().ok()?.stdout).unwrap();
    Some(said.trim().to_owned()).filter(|said| !said.is_empty())
}

/// The folder of the server behind a URL, by its container's label.
fn folder_behind(url: &str) -> PathBuf {
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
    told(&format!("publish={port}"), r#"{{.Label "annals.services"}}"#).expect("a container").into()
}

fn is_there(folder: &Path) -> bool {
    told(&format!("label=annals.services={}", folder.display()), "{{.ID}}").is_some()
}

/// Uses a server in a container and tells its folder, or why there is none; then does as it was told.
async fn use_a_container(role: &str) {
    let (ending, marker) = role.split_once(' ').unwrap();
    let server = match try_postgres(Version::V18).await {
        Ok(server) => server,
        Err(error) => return tell(marker, &error.to_string()),
    };
    assert!(server.version().starts_with("18."), "{}", server.version());
    assert!(server.how().starts_with("in a container of "), "{}", server.how());
    server.database(Collation::Server).await.execute("CREATE TABLE mine (number bigint)").await;
    tell(marker, folder_behind(server.url()).to_str().unwrap());
    if ending == "waits" {
        tokio::time::sleep(AGES).await;
    }
    assert_ne!(ending, "panics", "as it was told");
}

/// A place for locks, files and servers' folders that nobody else sweeps, and servers' accounts may enter.
fn own_place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// A process with a place of its own, and what it has told.
fn start(test: &str, target: &Path, ending: &str) -> (Child, String) {
    let marker = target.join(ending);
    let mut child = process(&format!("containers::{test}"), &format!("{ending} {}", marker.display()));
    child.env(SERVICES, "containers").env("CARGO_TARGET_DIR", target).env("TMPDIR", target);
    let child = child.spawn().unwrap();
    wait_until("the child has a server, or none", || marker.exists());
    (child, std::fs::read_to_string(marker).unwrap())
}

/// The folder that a child told; none, and why, where there is no engine or no image.
fn folder_told(said: &str) -> Option<PathBuf> {
    if said.starts_with("PostgreSQL 18 cannot be had: ") {
        eprintln!("a container was not tried: {said}");
        return None;
    }
    assert!(Path::new(said).is_dir(), "{said}");
    Some(said.into())
}

/// Kills a process and the watcher of its server: all that could remove the container.
fn kill_all(mut user: Child, folder: &Path) {
    user.kill().unwrap();
    user.wait().unwrap();
    kill_watcher_of(folder);
    assert!(is_there(folder));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_container_outlives_its_users_however_they_end() {
    if let Some(role) = role() {
        return use_a_container(&role).await;
    }
    let name = "no_container_outlives_its_users_however_they_end";
    let target = own_place();
    let (killed, said) = start(name, target.path(), "waits");
    let Some(folder) = folder_told(&said) else { return };
    kill_all(killed, &folder);
    // Who comes next uses it, has it watched, and panics.
    let (mut panicking, said) = start(name, target.path(), "panics");
    assert_eq!(Path::new(&said), folder);
    assert!(!panicking.wait().unwrap().success());
    wait_until("the container has gone", || !is_there(&folder) && !folder.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_watches_over_is_removed_and_what_others_use_is_left_alone() {
    if let Some(role) = role() {
        return use_a_container(&role).await;
    }
    let name = "what_nobody_watches_over_is_removed_and_what_others_use_is_left_alone";
    let (left, used) = (own_place(), own_place());
    let (killed, said) = start(name, left.path(), "waits");
    let Some(abandoned) = folder_told(&said) else { return };
    let (mut using, said) = start(name, used.path(), "waits");
    let in_use = folder_told(&said).unwrap();
    kill_all(killed, &abandoned);
    // As whatever tidies temporary folders does.
    std::fs::remove_dir_all(&abandoned).unwrap();
    let (mut third, said) = start(name, left.path(), "ends");
    let of_third = folder_told(&said).unwrap();
    assert!(!is_there(&abandoned));
    assert!(is_there(&in_use));
    assert!(third.wait().unwrap().success());
    using.kill().unwrap();
    using.wait().unwrap();
    wait_until("all containers have gone", || !is_there(&in_use) && !is_there(&of_third));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_containers_are_refused_and_auto_says_why_it_is_native() {
    if let Some(role) = role() {
        let server = try_postgres(Version::V15).await;
        if role == "containers" {
            let missing = server.unwrap_err().to_string();
            assert!(missing.starts_with("PostgreSQL 15 cannot be had: start a Docker engine"), "{missing}");
        } else {
            let how = server.unwrap().how().to_owned();
            assert!(how.contains(" (no container: no Docker engine answers: "), "{how}");
        }
        return;
    }
    let name = "containers::without_an_engine_containers_are_refused_and_auto_says_why_it_is_native";
    for services in ["containers", "auto"] {
        let target = tempfile::tempdir().unwrap();
        let mut child = process(name, services);
        child.env(SERVICES, services).env("CARGO_TARGET_DIR", target.path());
        child.env("DOCKER_HOST", "unix:///nowhere/docker.sock").env_remove("ANNALS_POSTGRES_URL");
        assert!(child.status().unwrap().success(), "{services}");
    }
}

/// An engine without images, whose registry never answers.
const CUT_OFF: &str = r#"#!/bin/sh
case $1 in
    version) echo 1 ;;
    pull) echo "$2" >>"$PULLED" && exec sleep 60 ;;
    *) exit 1 ;;
esac
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_answer_is_given_up_within_seconds_and_asked_once() {
    if role().is_some() {
        let begun = Instant::now();
        for _ in 0..2 {
            let missing = try_postgres(Version::V15).await.unwrap_err().to_string();
            assert!(missing.contains("registry has not answered within 5s"), "{missing}");
            assert!(missing.contains("annals-offline/postgres:15 is not there"), "{missing}");
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        return;
    }
    let place = own_place();
    let (program, pulled) = (place.path().join("docker"), place.path().join("pulled"));
    std::fs::write(&program, CUT_OFF).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", place.path().display(), std::env::var("PATH").unwrap());
    let name = "containers::a_registry_that_does_not_answer_is_given_up_within_seconds_and_asked_once";
    let mut child = process(name, "child");
    child.env(SERVICES, "containers").env("CARGO_TARGET_DIR", place.path());
    assert!(child.env("PATH", path).env("PULLED", &pulled).status().unwrap().success());
    assert_eq!(std::fs::read_to_string(pulled).unwrap().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_local_serves_in_a_container_whatever_the_environment_names() {
    if role().is_some() {
        return match try_dynamodb(Engine::Local).await {
            Ok(server) => {
                assert!(server.how().starts_with("in a container of "), "{}", server.how());
                assert!(server.engine().ends_with(char::is_numeric), "{}", server.engine());
                Dynamo::at(server.endpoint()).make_table("in-a-container").await;
            }
            Err(error) => eprintln!("a container was not tried: {error}"),
        };
    }
    let target = tempfile::tempdir().unwrap();
    let mut child =
        process("containers::dynamodb_local_serves_in_a_container_whatever_the_environment_names", "child");
    child.env(SERVICES, "containers").env("CARGO_TARGET_DIR", target.path());
    child.env("ANNALS_DYNAMODB_URL", "http://127.0.0.1:1").stderr(Stdio::inherit());
    assert!(child.status().unwrap().success());
}

/// SIGKILL for the shell that watches over a folder.
fn kill_watcher_of(folder: &Path) {
    let folder = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let watcher = processes.map(|process| process.path()).find(|process| {
        let words = std::fs::read(process.join("cmdline")).unwrap_or_default();
        words.starts_with(b"sh\0-c\0") && words.split(|byte| *byte == 0).nth(4) == Some(folder.as_bytes())
    });
    let process = watcher.expect("a watcher").file_name().unwrap().to_owned();
    assert!(Command::new("kill").arg("-KILL").arg(process).status().unwrap().success());
}
