//! The roles of `docs/postgres-roles.sql`: a writer that cannot change history, and a reader that cannot add to it.

use annals_ports::{EventFeedExt, EventStoreExt, Expectation, FeedPosition, FeedQuery, ReadRange};
use annals_services::{Collation, Version, private_postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::shop::{commit, open, stream};

const ROLES: &str = include_str!("../../../../docs/postgres-roles.sql");

/// Roles are the whole server's, so that the test has one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_cannot_change_history_and_a_reader_cannot_add_to_it() {
    let server = private_postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    drop(open(database.url()).await);
    let (owner, password) = server.credentials();
    let grant = format!(
        "{ROLES}
         CREATE ROLE shop LOGIN PASSWORD 'of-shop'; GRANT annals_writer TO shop;
         CREATE ROLE report LOGIN PASSWORD 'of-report'; GRANT annals_reader TO report;
         GRANT CONNECT ON DATABASE {0} TO shop, report",
        database.name()
    );
    let superuser = server.superuser_url().unwrap().to_owned();
    let (front, _) = superuser.split_once('?').unwrap_or((&superuser, ""));
    let (server_url, _) = front.rsplit_once('/').unwrap();
    let mut administrator =
        PgConnection::connect(&format!("{server_url}/{}", database.name())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(grant)).execute(&mut administrator).await.unwrap();

    let as_role =
        |role: &str| database.url().replace(&format!("{owner}:{password}@"), &format!("{role}:of-{role}@"));
    let with = |url: &str| {
        if url.contains('?') { format!("{url}&create=false") } else { format!("{url}?create=false") }
    };
    let shop = open(&with(&as_role("shop"))).await.adapter();
    let report = open(&with(&as_role("report"))).await.adapter();
    let order = stream("order-1");
    shop.events.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    shop.events.commit(commit("order-1", Expectation::Any, 2)).await.unwrap();
    assert_eq!(report.events.read_all(&order, ReadRange::all()).await.unwrap().len(), 2);
    for adapter in [&shop, &report] {
        let beginning = FeedPosition::beginning(adapter.store);
        let (events, _) = adapter.feed.read_to_end(&FeedQuery::all(), beginning).await.unwrap();
        assert_eq!(events.len(), 2, "a role that reads may follow");
    }
    let refused = report.events.commit(commit("order-2", Expectation::NoStream, 1)).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");

    let mut writer = PgConnection::connect(&as_role("shop")).await.unwrap();
    for change in [
        "UPDATE annals.events SET version = 7",
        "DELETE FROM annals.events",
        "TRUNCATE annals.events",
        "ALTER TABLE annals.events DISABLE TRIGGER history_is_append_only",
        "DROP TRIGGER history_is_append_only ON annals.events",
        "DELETE FROM annals.once",
        "DROP SCHEMA annals CASCADE",
        "SELECT setval('annals.events_position_seq', 1)",
    ] {
        let refused = sqlx::raw_sql(change).execute(&mut writer).await.unwrap_err().to_string();
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{change}: {refused}"
        );
    }
    assert_eq!(report.events.read_all(&order, ReadRange::all()).await.unwrap().len(), 2);
}
