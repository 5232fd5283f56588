//! The commands: findings with their remedies and the exit code, copies, restoring, recovery.

use std::path::Path;
use std::process::{Command, Output};

use ordermaster::app::OrderMaster;
use ordermaster::check::StoreCheck;

use crate::pattern::{Pattern, check, record, tamper, url};
use crate::table::{OF_ACCOUNT, damages};

fn ordermaster(file: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ordermaster"))
        .args(arguments)
        .args(["--store", &url(file)])
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_tells_each_finding_with_its_remedy_and_ends_with_one() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("told");
    tamper(
        &file,
        &format!(
            "UPDATE events SET payload = replace(payload, '5.00', '6.00') WHERE {OF_ACCOUNT} AND version = 4;
             UPDATE snapshots SET version = 11 WHERE stream = 'account-checked'"
        ),
    );
    let output = ordermaster(&file, &["store", "check"]);
    let (told, reason) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{told}{reason}");
    let line = |part: &str| told.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned();
    assert!(line("account-checked v4").ends_with("restore a backup"), "{told}");
    assert!(reason.lines().count() == 1 && reason.contains("wrong in this store: see above"), "{reason}");

    let output = ordermaster(&file, &["store", "check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let checked: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = checked["findings"].as_array().unwrap();
    assert_eq!(checked["findings_in_all"], findings.len());
    let digest = findings.iter().find(|finding| finding["part"] == "digests").unwrap();
    assert_eq!((&digest["stream"], &digest["version"]), (&"account-checked".into(), &4.into()));
    assert_eq!(digest["remedy"], "restore_backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_removes_what_is_ahead_of_history_and_the_check_is_green_again() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("ahead");
    let ahead = ["end_of_history_with_its_head", "refused_and_done", "snapshot_state"];
    for damage in damages().into_iter().filter(|damage| ahead.contains(&damage.name)) {
        tamper(&file, &damage.sql);
    }
    assert!(check(&file).await.findings_in_all >= 10);
    let output = ordermaster(&file, &["store", "recover", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let recovered: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (recovered["views"].as_array().unwrap().len(), &recovered["snapshots"], &recovered["once"]),
        (8, &1.into(), &1.into())
    );
    assert!(check(&file).await.is_sound());
    let shop = OrderMaster::open(&url(&file)).await.unwrap();
    shop.catch_up(&mut |_| {}).await.unwrap();
    let checked = StoreCheck::run(&shop, &mut |_, _, _| {}).await.unwrap();
    assert!(checked.is_sound(), "{checked:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_checked_and_never_overwrites() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("source");
    let output = ordermaster(&file, &["store", "backup", "copy.db", "--check"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let told = text(&output.stdout);
    assert!(told.starts_with("copy.db: ") && told.ends_with(", checked: nothing wrong\n"), "{told}");
    let copy = file.with_file_name("copy.db");
    let before = std::fs::read(&copy).unwrap();
    let again = ordermaster(&file, &["store", "backup", "copy.db"]);
    assert_eq!((again.status.code(), text(&again.stdout)), (Some(1), String::new()));
    let reason = text(&again.stderr);
    assert!(reason.contains("copy.db is there already: name another file, or move it away"), "{reason}");
    assert!(std::fs::read(&copy).unwrap() == before);
    let in_memory = Command::new(env!("CARGO_BIN_EXE_ordermaster"))
        .args(["store", "backup", "other.db", "--store", "memory:"])
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap();
    assert!(text(&in_memory.stderr).contains("a store in memory is not kept in a file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_goes_on_where_it_was_taken() {
    let pattern = Pattern::new().await;
    let file = pattern.copy("lost");
    let copy = file.with_file_name("kept.db");
    assert!(ordermaster(&file, &["store", "backup", "kept.db"]).status.success());
    record(&file, "order-later", "OrderTeleported", 1).await;
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
    }
    std::fs::rename(&copy, &file).unwrap();
    let recovered = ordermaster(&file, &["store", "recover"]);
    assert!(
        text(&recovered.stdout).starts_with("removed: 0 views, 0 snapshots, 0 outcomes"),
        "{recovered:?}"
    );
    let deposit = ordermaster(&file, &["account", "deposit", "checked", "--amount", "5", "--method", "cash"]);
    assert!(deposit.status.success(), "{}", text(&deposit.stderr));
    assert!(check(&file).await.is_sound());
}
