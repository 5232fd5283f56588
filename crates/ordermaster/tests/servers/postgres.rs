//! A database of PostgreSQL's as a server under test.

use annals_services::{Collation, Postgres, TestDatabase, Version, postgres};

use crate::on_a_server;
use crate::shop::Server;

struct Database {
    server: Postgres,
    database: TestDatabase,
}

#[async_trait::async_trait]
impl Server for Database {
    const ADAPTER: &'static str = "postgres";

    async fn empty() -> Self {
        let server = postgres(Version::V15).await;
        let database = server.database(Collation::Server).await;
        Self { server, database }
    }

    fn url(&self) -> String {
        self.database.url().to_owned()
    }

    fn secret(&self) -> Option<String> {
        Some(self.server.credentials().1)
    }

    fn nobody() -> (&'static str, &'static str) {
        ("postgres://ada:hush-hush@127.0.0.1:1/shop", "127.0.0.1:1")
    }
}

on_a_server!(
    Database: every_kind_of_command_answers_as_on_a_file,
    an_import_can_be_repeated_and_the_store_checked,
    events_are_followed_as_they_come,
    the_demo_proves_what_it_says,
    a_server_that_is_not_there_is_one_clear_line,
);
