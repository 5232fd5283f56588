//! Tables on Amazon's own emulator as a server under test.

use annals_services::{DynamoDb, Engine, TestTables, dynamodb};

use crate::on_a_server;
use crate::shop::Server;

struct Tables {
    server: DynamoDb,
    tables: TestTables,
}

#[async_trait::async_trait]
impl Server for Tables {
    const ADAPTER: &'static str = "dynamodb";

    async fn empty() -> Self {
        let server = dynamodb(Engine::Local).await;
        let tables = server.tables();
        Self { server, tables }
    }

    fn url(&self) -> String {
        let (prefix, endpoint) = (self.tables.prefix(), self.server.endpoint());
        format!("dynamodb://{prefix}?endpoint={endpoint}&deletion_protection=off&point_in_time_recovery=off")
    }

    fn secret(&self) -> Option<String> {
        None
    }

    fn nobody() -> (&'static str, &'static str) {
        ("dynamodb://nobody?endpoint=http://127.0.0.1:1&timeout=1000", "dynamodb://nobody")
    }
}

on_a_server!(
    Tables: every_kind_of_command_answers_as_on_a_file,
    an_import_can_be_repeated_and_the_store_checked,
    events_are_followed_as_they_come,
    the_demo_proves_what_it_says,
    a_server_that_is_not_there_is_one_clear_line,
);
