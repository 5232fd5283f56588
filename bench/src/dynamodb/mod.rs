//! The figures of the DynamoDB store: commands, beside what a program does that loads a stream and writes each event in a
//! transaction, on the same tables of the same emulator, in rate and in what Amazon bills.
//!
//! The emulator is Amazon's own, and far from the service in speed: only ratios count.

mod commands;
mod plain;

use std::time::Duration;

use annals::dynamodb::{DynamoOptions, DynamoStore};
use annals_services::{Engine, PrivateDynamoDb, private_dynamodb};

use crate::bench::{Bench, Outcome};
use crate::report::Report;
use crate::stores::DYNAMODB;

/// The group's name.
const GROUP: &str = DYNAMODB;

/// A store's tables on the run's own emulator.
struct Tables {
    server: PrivateDynamoDb,
    prefix: &'static str,
}

impl Tables {
    /// A handle of its own.
    async fn open(&self) -> Outcome<DynamoStore> {
        let options = DynamoOptions::new(self.prefix)?.endpoint(self.server.endpoint());
        let options = options.ok_or("the emulator's address is no URL")?.region("local");
        // Nobody follows: all that is counted is the commands' own.
        let options = options.indexer(false).deletion_protection(false).point_in_time_recovery(false);
        // The emulator is slow while it is filled.
        let options = options.timeout(Duration::from_secs(60));
        Ok(DynamoStore::open(options).await?)
    }
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let server = private_dynamodb(Engine::Local).await;
    report.note("DynamoDB", server.engine().to_owned());
    let tables = Tables { server, prefix: "bench" };
    if report.wants_one_of(GROUP, &commands::NAMES) {
        commands::measure(bench, report, &tables).await?;
    }
    Ok(())
}
