//! Opening a store: whom it lets in, what it makes, and one clear line, without a secret, for whatever is in the way.

use std::time::{Duration, Instant};

use annals_ports::{EventFeed, EventStore, Expectation, FeedPosition, FeedQuery, Leases, StoreError};
use annals_postgres::{PostgresOptions, PostgresStore};
use annals_services::{Collation, PrivatePostgres, Proxy, Version, postgres, private_postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::shop::{commit, database, lease, open, options, stream};

/// Why nothing is opened by this URL: in one line, soon, without a password, and with each of these words in it.
async fn refused(url: &str, words: &[&str]) -> StoreError {
    let begun = Instant::now();
    let error = match PostgresOptions::from_url(url) {
        Ok(options) => PostgresStore::open(options).await.expect_err("it must be refused"),
        Err(error) => error,
    };
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "a refusal does not keep waiting: {:?}",
        begun.elapsed()
    );
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    for word in words {
        assert!(text.contains(word), "it does not say {word:?}: {text}");
    }
    let password = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    let password = password.and_then(|user| user.split_once(':')).map_or("", |(_, password)| password);
    let debug = format!("{error:?}");
    assert!(password.is_empty() || !(text.contains(password) || debug.contains(password)), "{text}; {debug}");
    error
}

async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_not_shown() {
    let database = database().await;
    let (role, right) = postgres(Version::V15).await.credentials();
    let url = database.url().replace(&right, "sesame-open");
    let error = refused(&url, &[&role, "password"]).await;
    assert!(!error.is_transient(), "{error:?}");
    assert!(!error.to_string().contains("sesame-open"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_is_named_with_its_remedy() {
    let database = database().await;
    let error = refused(&database.url().replace(database.name(), "nowhere"), &["nowhere", "create"]).await;
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_parameter_is_refused_by_name() {
    let url = "postgres://ada:hush-hush@localhost/shop?schemes=annals";
    refused(url, &["schemes", "schema"]).await;
}

#[test]
fn e04_the_end_of_a_password_that_was_not_escaped_is_not_shown() {
    for (url, remedy) in [
        ("postgres://ada:12?hush@localhost/shop", "write / as %2F, ? as %3F"),
        ("postgres://ada:12/hush@localhost/shop", "write / as %2F, ? as %3F"),
        ("postgres://ada:12#hush@localhost/shop", "# as %23"),
        ("postgres://ada:1@2/hush@localhost/shop", "@ as %40"),
        ("postgres://ada:12?hush=%@localhost/shop", "@ as %40"),
        ("postgres://ada@localhost/shop?password=12&hush", "write & in a password as %26"),
        ("postgres://ada@localhost/shop?password=12&hush=%", "write & in a password as %26"),
        ("postgres://ada@localhost/shop&password=hush", "parameters, which begin with a ?"),
        ("postgres://localhost/shop?schema=x;password=hush", "write & between parameters"),
        ("postgres://password=hush@localhost", "parameters, which begin with a ?"),
        ("postgres://ada@localhost/shop?password=12#hush&sslmode=verify-full", "# as %23"),
    ] {
        let error = PostgresOptions::from_url(url).expect_err(url);
        let (text, debug) = (error.to_string(), format!("{error:?}"));
        assert!(text.contains(remedy), "{url} is refused without its remedy: {text}");
        assert!(!text.contains("hush") && !debug.contains("hush"), "{text}; {debug}");
    }
    let escaped =
        PostgresOptions::from_url("postgres://ada:12=%3F%2F%23%40@localhost/shop?password=%26%23%40=");
    assert!(escaped.is_ok(), "{escaped:?}");
}

#[test]
fn what_a_parameter_holds_is_shown_on_one_line() {
    for parameter in ["lanes=2%0Aall%1B[2J", "schema=x%0Ay", "gathering=%C2%9B", "x\ny=1", "x\ny=%"] {
        let error = PostgresOptions::from_url(&format!("postgres://ada@localhost/shop?{parameter}"));
        let text = error.expect_err(parameter).to_string();
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}

#[test]
fn a_time_out_longer_than_the_server_knows_is_the_longest_that_it_does() {
    let most = usize::MAX;
    let url = format!(
        "postgres://ada@localhost/shop?timeout={most}&statement_timeout={most}&writer_timeout={most}"
    );
    let options = PostgresOptions::from_url(&url).expect("patience").lock_timeout(Duration::MAX);
    let shown = format!("{options:?}");
    assert_eq!(shown.matches("2147483.647s").count(), 4, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused_with_both_versions_named() {
    let database = database().await;
    drop(open(database.url()).await);
    database.execute("UPDATE annals.store SET schema_version = 7").await;
    let error = refused(database.url(), &["7", "1"]).await;
    assert!(matches!(error, StoreError::NewerSchema { found: 7, supported: 1, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_program_is_no_store_and_stays_as_it_was() {
    let database = database().await;
    database.execute("CREATE SCHEMA annals; CREATE TABLE annals.events (what text)").await;
    let error = refused(database.url(), &["annals"]).await;
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
    assert_eq!(tables(database.url()).await, ["events"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schemas_of_one_database_are_two_stores() {
    let database = database().await;
    let other = format!("{}&schema=An%20%22other%22%20one", database.url());
    let (left, right) = (open(database.url()).await, open(&other).await);
    assert_ne!(left.id(), right.id());
    left.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    assert_eq!(right.head(&stream("order-1")).await.unwrap(), None);
    right.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_opened_by_eight_at_once_becomes_one_store() {
    for _ in 0..3 {
        let database = database().await;
        let url = database.url().to_owned();
        let opening: Vec<_> = (0..8).map(|_| tokio::spawn(PostgresStore::open(options(&url)))).collect();
        let mut ids = Vec::new();
        for opened in opening {
            ids.push(opened.await.unwrap().unwrap_or_else(|error| panic!("{error}")).id());
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

async fn tables(url: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('annals') ORDER BY 1";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_interrupted_leaves_nothing_half_way() {
    let whole = database().await;
    drop(open(whole.url()).await);
    let whole = tables(whole.url()).await;
    assert!(whole.len() > 10, "{whole:?}");
    let (mut interrupted, mut bytes) = (0, 400);
    loop {
        let database = database().await;
        let line = Proxy::to(database.url()).await;
        line.cut_after(bytes);
        let opened = PostgresStore::open(options(&line.url(database.url()))).await;
        let left = tables(database.url()).await;
        assert!(left.is_empty() || left == whole, "cut after {bytes} bytes, this is left: {left:?}");
        open(database.url()).await.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
        match opened {
            Ok(_) => break,
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
        interrupted += usize::from(left.is_empty());
        bytes += 100;
    }
    assert!(interrupted > 5, "{interrupted} of them in the middle, up to {bytes} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_rights_is_told_which_it_lacks() {
    let server = private_postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    let as_role = |role: &str| {
        let (owner, password) = server.credentials();
        database.url().replace(&format!("{owner}:{password}@"), &format!("{role}:pass-of-{role}@"))
    };
    for role in ["stranger", "reader"] {
        let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'pass-of-{role}'");
        run(server.superuser_url().unwrap(), &create).await;
    }
    // Nothing is there, and it may not make anything.
    let error = refused(&as_role("stranger"), &["annals", "stranger"]).await;
    assert!(!error.is_transient(), "{error:?}");
    let store = open(database.url()).await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    // A store is there, and it may not look into it.
    refused(&as_role("stranger"), &["annals", "stranger"]).await;
    database
        .execute("REVOKE CONNECT ON DATABASE {} FROM PUBLIC".replace("{}", database.name()).as_str())
        .await;
    refused(&as_role("stranger"), &[database.name(), "stranger"]).await;
    database
        .execute(
            &"GRANT CONNECT ON DATABASE {} TO reader; GRANT USAGE ON SCHEMA annals TO reader;
              GRANT SELECT ON ALL TABLES IN SCHEMA annals TO reader"
                .replace("{}", database.name()),
        )
        .await;
    let reader = open(&as_role("reader")).await;
    assert!(reader.head(&stream("order-1")).await.unwrap().is_some(), "a reader reads");
    let error = reader.commit(commit("order-2", Expectation::NoStream, 1)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("order-2") && error.to_string().contains("permission"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_roles_can_do_their_work_and_cannot_touch_history() {
    let server = private_postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    drop(open(database.url()).await);
    let superuser = server.superuser_url().unwrap();
    let on_database = superuser.replace("/postgres?", &format!("/{}?", database.name()));
    let documented =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/postgres-roles.sql"));
    run(&on_database, &documented.unwrap()).await;
    let (owner, password) = server.credentials();
    let mut urls = Vec::new();
    for (role, group) in [("shop", "annals_writer"), ("analyst", "annals_reader")] {
        run(
            superuser,
            &format!("CREATE ROLE {role} LOGIN PASSWORD 'pass-of-{role}'; GRANT {group} TO {role}"),
        )
        .await;
        let url = database.url().replace(&format!("{owner}:{password}@"), &format!("{role}:pass-of-{role}@"));
        urls.push(format!("{url}&create=false"));
    }
    let (shop, analyst) = (open(&urls[0]).await, open(&urls[1]).await);
    let receipt = shop.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    for store in [&shop, &analyst] {
        assert_eq!(store.head(&stream("order-1")).await.unwrap(), receipt.head(&stream("order-1")));
        let beginning = FeedPosition::beginning(store.id());
        let page = store.next(&FeedQuery::all(), &beginning, Duration::from_secs(5)).await.unwrap();
        assert_eq!(page.events.len(), 1, "the feed goes on for whoever may read");
        store.health().await.unwrap();
    }
    let lease = lease(&shop, "view").await;
    shop.release(&lease).await.unwrap();
    let error = analyst.commit(commit("order-1", Expectation::Any, 2)).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("permission"), "{error}");
    for url in urls {
        let mut raw = PgConnection::connect(url.trim_end_matches("&create=false")).await.unwrap();
        for sabotage in [
            "UPDATE annals.events SET version = 2",
            "DELETE FROM annals.events",
            "TRUNCATE annals.events",
            "DELETE FROM annals.once",
            "ALTER TABLE annals.events DISABLE TRIGGER ALL",
            "DROP TABLE annals.events",
            "UPDATE annals.store SET schema_version = 0",
            "CREATE TABLE annals.mine (what text)",
        ] {
            sqlx::raw_sql(sabotage).execute(&mut raw).await.expect_err(sabotage);
        }
    }
}

/// A URL of a server of this kind, which says these bytes to whoever connects, and then nothing.
async fn server_that_says(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let Ok((mut client, _)) = listener.accept().await else { return };
            tokio::spawn(async move {
                let mut asked = [0; 1024];
                let _ = client.read(&mut asked).await;
                let _ = client.write_all(bytes).await;
                // A web server hangs up; another waits for the client to do so.
                while !bytes.starts_with(b"HTTP")
                    && client.read(&mut asked).await.is_ok_and(|count| count > 0)
                {}
            });
        }
    });
    format!("postgres://ada:hush-hush@127.0.0.1:{port}/shop?sslmode=disable&connect_timeout=500")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_postgresql_is_told_apart() {
    let web = server_that_says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    let error = refused(&web, &["127.0.0.1", "PostgreSQL"]).await;
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_or_is_not_there_may_come_back() {
    let silent = server_that_says(b"").await;
    let error = refused(&silent, &["127.0.0.1"]).await;
    assert!(error.is_transient(), "{error:?}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nobody = format!("postgres://ada:hush-hush@127.0.0.1:{port}/shop?sslmode=disable");
    let error = refused(&nobody, &["127.0.0.1", &port.to_string()]).await;
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_old_is_refused_by_its_version() {
    // It lets in whoever comes, says that it is 14.9, and is ready.
    let old = server_that_says(
        b"R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\x0014.9\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x01Z\0\0\0\x05I",
    );
    let error = refused(&old.await, &["14", "15"]).await;
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_another_encoding_is_refused() {
    let server = postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    let latin = format!("{}_latin", database.name());
    let create = format!("CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    run(server.url(), &create).await;
    refused(&database.url().replace(database.name(), &latin), &["LATIN1", "UTF8"]).await;
    run(server.url(), &format!("DROP DATABASE {latin} WITH (FORCE)")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_cannot_be_changed_even_by_its_owner() {
    let database = database().await;
    let store = open(database.url()).await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let mut owner = database.connect().await;
    for change in [
        "UPDATE annals.events SET version = 2",
        "DELETE FROM annals.events",
        "TRUNCATE annals.events",
        "TRUNCATE annals.events CASCADE",
    ] {
        let refused = sqlx::raw_sql(change).execute(&mut owner).await.unwrap_err().to_string();
        assert!(refused.contains("history cannot be changed"), "{change}: {refused}");
    }
    assert!(store.head(&stream("order-1")).await.unwrap().is_some());
}

/// A server of a test's own is not shared, so that what it is told holds for nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_refuses_to_write_and_reads() {
    let mut server: PrivatePostgres = private_postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    let store = open(database.url()).await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let sql = format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name());
    run(server.superuser_url().unwrap(), &sql).await;
    server.restart().await;
    let store = open(database.url()).await;
    assert!(store.head(&stream("order-1")).await.unwrap().is_some());
    let error = store.commit(commit("order-2", Expectation::NoStream, 1)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("order-2") && error.to_string().contains("read-only"), "{error}");
}
