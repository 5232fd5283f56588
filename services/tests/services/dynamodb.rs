//! DynamoDB for tests: Amazon's own and the emulator, shared and private.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use annals_services::{Engine, dynamodb, private_dynamodb, try_dynamodb};
use serde_json::json;

use crate::requests::Dynamo;
use crate::{AGES, ROLE, role, start, tell, wait_until};

const VARIABLE: &str = "ANNALS_DYNAMODB_URL";

const ENGINES: [Engine; 2] = [Engine::Local, Engine::Embedded];

/// A name that no other test of this machine takes.
fn own_name(what: &str) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{what}-{}-{}", std::process::id(), since.as_nanos())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_dynamodb_takes_tables_and_items_and_tells_of_changes() {
    for engine in ENGINES {
        let server = dynamodb(engine).await;
        assert!(server.engine().starts_with(engine.name()), "{}", server.engine());
        assert!(server.engine().ends_with(char::is_numeric), "{}", server.engine());
        let dynamo = Dynamo::at(server.endpoint());
        let table = own_name("told");
        dynamo.make_table(&table).await;
        assert_eq!(dynamo.put(&table, "a", 1).await.unwrap().status, 200);
        let mut iterator = dynamo.first_iterator(&table).await;
        let begun = Instant::now();
        let record = loop {
            let said = dynamo.call("GetRecords", json!({"ShardIterator": iterator})).await;
            if let Some(record) = said["Records"].get(0) {
                break record.clone();
            }
            said["NextShardIterator"].as_str().unwrap().clone_into(&mut iterator);
            assert!(begun.elapsed() < AGES, "{}: no record of the change", server.engine());
        };
        assert_eq!(record["dynamodb"]["NewImage"]["Item"]["S"], "a");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_one_dynamodb() {
    if let Some(marker) = role() {
        let server = dynamodb(Engine::Local).await;
        let table = own_name("shared");
        Dynamo::at(server.endpoint()).make_table(&table).await;
        tell(&marker, &format!("{} {table}", server.endpoint()));
        return tokio::time::sleep(AGES).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let markers: Vec<PathBuf> = (0..2).map(|child| folder.path().join(child.to_string())).collect();
    let name = "dynamodb::processes_share_one_dynamodb";
    let children: Vec<_> = markers.iter().map(|marker| start(name, marker.to_str().unwrap())).collect();
    wait_until("all children have a table", || markers.iter().all(|marker| marker.exists()));
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let server = dynamodb(Engine::Local).await;
    for marker in markers {
        let said = std::fs::read_to_string(marker).unwrap();
        let (endpoint, table) = said.split_once(' ').unwrap();
        assert_eq!(endpoint, server.endpoint());
        Dynamo::at(endpoint).call("DescribeTable", json!({"TableName": table})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_dynamodb_comes_back_with_what_it_had_taken() {
    for engine in ENGINES {
        let mut server = private_dynamodb(engine).await;
        let dynamo = Dynamo::at(server.endpoint());
        dynamo.make_table("kept").await;
        assert_eq!(dynamo.put("kept", "a", 1).await.unwrap().status, 200);
        server.kill();
        assert!(dynamo.put("kept", "a", 2).await.is_none(), "{engine:?} is away");
        server.restart().await;
        assert!(dynamo.has("kept", "a", 1).await, "{engine:?} has kept it");
        let iterator = dynamo.first_iterator("kept").await;
        let said = dynamo.call("GetRecords", json!({"ShardIterator": iterator})).await;
        assert_eq!(said["Records"].as_array().unwrap().len(), 1, "{engine:?} still tells of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_dynamodb_answers_when_it_goes_on() {
    let server = private_dynamodb(Engine::Embedded).await;
    let dynamo = Dynamo::at(server.endpoint());
    dynamo.make_table("paused").await;
    server.pause();
    let waiting = tokio::spawn({
        let dynamo = dynamo.clone();
        async move { dynamo.put("paused", "a", 1).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    server.resume();
    assert_eq!(waiting.await.unwrap().unwrap().status, 200);
    assert!(dynamo.has("paused", "a", 1).await);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_private_dynamodb_outlives_its_test_even_when_paused() {
    if let Some(marker) = role() {
        let (engine, marker) = marker.split_once(' ').unwrap();
        let server = private_dynamodb(if engine == "Local" { Engine::Local } else { Engine::Embedded }).await;
        if engine == "Paused" {
            server.pause();
        }
        tell(marker, server.folder().to_str().unwrap());
        return tokio::time::sleep(AGES).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "dynamodb::no_private_dynamodb_outlives_its_test_even_when_paused";
    for what in ["Local", "Embedded", "Paused"] {
        let marker = folder.path().join(what);
        let mut child = start(name, &format!("{what} {}", marker.display()));
        wait_until("the child has a server", || marker.exists());
        let server = PathBuf::from(std::fs::read_to_string(&marker).unwrap());
        assert!(crate::somebody_lives_in(&server), "{what}");
        child.kill().unwrap();
        child.wait().unwrap();
        wait_until("the server has gone", || !server.exists() && !crate::somebody_lives_in(&server));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_ones_own_is_taken_and_said() {
    if role().is_some() {
        let server = dynamodb(Engine::Local).await;
        assert_eq!(Some(server.endpoint()), std::env::var(VARIABLE).unwrap().strip_suffix('/'));
        assert!(dynamodb(Engine::Embedded).await.how().contains("started from"));
        return;
    }
    let server = private_dynamodb(Engine::Embedded).await;
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "dynamodb::an_endpoint_of_ones_own_is_taken_and_said", "--nocapture"])
        .env(ROLE, "child")
        .env(crate::SERVICES, "auto")
        .env(VARIABLE, format!("{}/", server.endpoint()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    assert!(said.contains("given by ANNALS_DYNAMODB_URL"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_java_it_is_said_how_to_get_it() {
    if role().is_some() {
        let missing = try_dynamodb(Engine::Local).await.unwrap_err().to_string();
        assert!(missing.starts_with("DynamoDB Local cannot be had: "), "{missing}");
        assert!(missing.contains("apt-get install default-jre-headless"), "{missing}");
        assert!(missing.contains(VARIABLE), "{missing}");
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "dynamodb::without_java_it_is_said_how_to_get_it", "--nocapture"])
        .env(ROLE, "child")
        .env("PATH", nothing.path())
        .env("CARGO_TARGET_DIR", nothing.path())
        .env_remove("JAVA_HOME")
        .env(crate::SERVICES, "auto")
        .env_remove(VARIABLE)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
