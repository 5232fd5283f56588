//! Each kind of damage, done to a copy of its own, is found and named.

use std::path::Path;

use rusqlite::Connection;

use crate::pattern::{Pattern, check, record, tamper};
use crate::table::{Damage, damages};

/// Damage that no plain statement does.
async fn damage_otherwise(damage: &Damage, file: &Path) -> bool {
    match damage.name {
        "no_trigger" => {
            Connection::open(file).unwrap().execute_batch("DROP TRIGGER events_are_never_removed").unwrap();
        }
        "foreign_trigger" => Connection::open(file).unwrap().execute_batch(&damage.sql).unwrap(),
        "pages" => garble(file, "events_by_version"),
        "unknown_type" => record(file, "order-future", "OrderTeleported", 1).await,
        "future_schema" => record(file, "order-future", "OrderCancelled", 99).await,
        "unknown_category" => record(file, "robot-1", "Built", 1).await,
        _ => return false,
    }
    true
}

/// Overwrites the middle of the page on which an index begins.
fn garble(file: &Path, index: &str) {
    let raw = Connection::open(file).unwrap();
    let root: u32 = raw
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [index], |row| row.get(0))
        .unwrap();
    let size: u32 = raw.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    drop(raw);
    let mut bytes = std::fs::read(file).unwrap();
    let middle = usize::try_from((root - 1) * size + size / 2).unwrap();
    bytes[middle..middle + 1_000].fill(0x5a);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_damage_is_found_and_named() {
    let pattern = Pattern::new().await;
    let mut wrong = Vec::new();
    for damage in damages() {
        let file = pattern.copy(damage.name);
        if !damage_otherwise(&damage, &file).await {
            // One entry of an index, whichever comes first.
            let one = "(view, name, value, key) = (SELECT view, name, value, key FROM view_index
                        WHERE view = (SELECT id FROM views WHERE name = 'order_summary') AND name = 'customer' LIMIT 1)";
            tamper(&file, &damage.sql.replace("rowid_of_one", one));
        }
        let checked = check(&file).await;
        let is_named = checked.findings.iter().any(|finding| {
            let told = finding.to_string();
            finding.part == damage.part && damage.says.iter().all(|part| told.contains(part))
        });
        if !is_named {
            let told: Vec<_> = checked.findings.iter().map(|f| format!("{:?} {f}", f.part)).collect();
            wrong.push(format!("{}: {:?} not in {told:#?}", damage.name, damage.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
