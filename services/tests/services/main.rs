//! The servers for tests: started, shared between processes, killed, and gone when nobody uses them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod containers;
mod dynamodb;
mod faulty;
mod requests;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use annals_services::{
    Collation, Engine, PrivateOptions, Proxy, Version, pgbouncer, postgres, private_dynamodb,
    private_postgres,
};
use sqlx::{Connection, PgConnection, Row};

/// Longer than any of this may take.
const AGES: Duration = Duration::from_secs(60);

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < AGES, "{what}: not within {AGES:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn number(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query(sql).fetch_one(connection).await.unwrap().get(0)
}

/// The variable that says where servers come from.
const SERVICES: &str = "ANNALS_SERVICES";

const ROLE: &str = "ANNALS_SERVICES_ROLE_OF_THIS_PROCESS";

fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// Runs the test `name` alone in another process, which is told what to do.
fn start(name: &str, role: &str) -> Child {
    process(name, role).spawn().unwrap()
}

fn process(name: &str, role: &str) -> Command {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(ROLE, role)
        .stderr(Stdio::null());
    process
}

/// Tells whoever waits for it; whole at once.
fn tell(marker: &str, what: &str) {
    std::fs::write(format!("{marker}.new"), what).unwrap();
    std::fs::rename(format!("{marker}.new"), marker).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_test_has_a_database_of_its_own_that_ends_with_it() {
    let server = postgres(Version::V15).await;
    let (left, right) = (server.database(Collation::Server).await, server.database(Collation::Server).await);
    left.execute("CREATE TABLE mine (number bigint)").await;
    right.execute("CREATE TABLE mine (number bigint)").await;
    let (mut open, name) = (left.connect().await, left.name().to_owned());
    drop(left);
    assert!(open.ping().await.is_err(), "whoever is connected is thrown out");
    let mut maintenance = PgConnection::connect(server.url()).await.unwrap();
    let found = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(name);
    assert!(found.fetch_optional(&mut maintenance).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_had_and_order_text_as_they_are_told() {
    for (version, major) in [(Version::V15, 15), (Version::V18, 18)] {
        let server = postgres(version).await;
        assert!(
            server.version().starts_with(&major.to_string()) || version == Version::V15,
            "{}",
            server.version()
        );
        for (collation, is_first) in [(Collation::Server, false), (Collation::Icu("en-US"), true)] {
            let database = server.database(collation).await;
            let row = sqlx::query("SELECT 'a' < 'B'").fetch_one(&mut database.connect().await).await.unwrap();
            assert_eq!(row.get::<bool, _>(0), is_first, "{collation:?} on {}", server.version());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_prepared_once_is_copied_for_each() {
    let server = postgres(Version::V15).await;
    let times = AtomicU32::new(0);
    for _ in 0..3 {
        let times = &times;
        let print = format!("{}", std::process::id());
        let database = server.prepared("table", &print, Collation::Server, |url| async move {
            times.fetch_add(1, Ordering::SeqCst);
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql("CREATE TABLE counted AS SELECT 7::bigint").execute(&mut connection).await.unwrap();
        });
        let database = database.await;
        assert_eq!(number(&mut database.connect().await, "SELECT * FROM counted").await, 7);
    }
    assert_eq!(times.into_inner(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_one_server_and_what_a_killed_one_leaves_is_dropped() {
    if let Some(marker) = role() {
        let server = postgres(Version::V15).await;
        let database = server.database(Collation::Server).await;
        tell(&marker, &format!("{} {}", server.how(), database.name()));
        return tokio::time::sleep(AGES).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "processes_share_one_server_and_what_a_killed_one_leaves_is_dropped";
    let markers: Vec<PathBuf> = (0..3).map(|child| folder.path().join(child.to_string())).collect();
    let children: Vec<_> = markers.iter().map(|marker| start(name, marker.to_str().unwrap())).collect();
    wait_until("all children have a database", || markers.iter().all(|marker| marker.exists()));
    let server = postgres(Version::V15).await;
    let mut left_behind = Vec::new();
    for marker in markers {
        let said = std::fs::read_to_string(marker).unwrap();
        let (how, database) = said.rsplit_once(' ').unwrap();
        assert_eq!(how, server.how());
        left_behind.push(database.to_owned());
    }
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(server.database(Collation::Server).await);
    let mut maintenance = PgConnection::connect(server.url()).await.unwrap();
    let sql = "SELECT count(*) FROM pg_database WHERE datname = ANY($1)";
    let found = sqlx::query(sql).bind(left_behind).fetch_one(&mut maintenance).await.unwrap();
    assert_eq!(found.get::<i64, _>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_comes_back_with_what_it_had_answered() {
    let mut server = private_postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    database.execute("CREATE TABLE kept (number bigint)").await;
    let mut open = database.connect().await;
    sqlx::raw_sql("INSERT INTO kept SELECT generate_series(1, 10)").execute(&mut open).await.unwrap();
    server.kill();
    assert!(open.ping().await.is_err());
    assert!(PgConnection::connect(server.url()).await.is_err());
    server.restart().await;
    assert_eq!(number(&mut database.connect().await, "SELECT count(*) FROM kept").await, 10);
    server.stop();
    server.restart().await;
    assert_eq!(number(&mut database.connect().await, "SELECT count(*) FROM kept").await, 10);
}

/// Whether any process has this folder as its own, as servers have.
fn somebody_lives_in(folder: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut homes = processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    // Of a folder that is gone the system says so behind its name.
    homes.any(|home| home.to_string_lossy().starts_with(&*folder.to_string_lossy()))
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_private_server_outlives_its_test_however_that_ends() {
    let name = "no_private_server_outlives_its_test_however_that_ends";
    if let Some(marker) = role() {
        let server = private_postgres(Version::V15).await;
        tell(&marker, server.folder().to_str().unwrap());
        assert!(!marker.ends_with("panics"), "as it was told");
        return tokio::time::sleep(AGES).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for ending in ["killed", "panics"] {
        let marker = folder.path().join(ending);
        let mut child = start(name, marker.to_str().unwrap());
        wait_until("the child has a server", || marker.exists());
        let server = PathBuf::from(std::fs::read_to_string(&marker).unwrap());
        if ending == "killed" {
            assert!(somebody_lives_in(&server));
            child.kill().unwrap();
        }
        assert!(!child.wait().unwrap().success());
        wait_until("the server has gone", || !server.exists() && !somebody_lives_in(&server));
    }
}

/// How many processes have this file open.
#[cfg(target_os = "linux")]
fn holders_of(file: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let holds = |process: &std::fs::DirEntry| {
        let mut files = std::fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        files.any(|entry| std::fs::read_link(entry.path()).is_ok_and(|held| held == file))
    };
    processes.filter(holds).count()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_server_keeps_the_locks_and_pipes_of_who_started_the_tests() {
    let name = "no_server_keeps_the_locks_and_pipes_of_who_started_the_tests";
    if let Some(marker) = role() {
        let _servers = (private_postgres(Version::V15).await, private_dynamodb(Engine::Embedded).await);
        tell(&marker, "started");
        return tokio::time::sleep(AGES).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let (marker, lock) = (folder.path().join("marker"), folder.path().join("lock"));
    let mut child = Command::new("sh")
        .args(["-c", r#"exec 3>>"$1"; shift; exec "$@""#, "sh"])
        .arg(&lock)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ROLE, &marker)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the child has its servers", || marker.exists());
    assert_eq!(holders_of(&lock), 1, "the child alone");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_refused_cut_and_held_as_told() {
    let server = PrivateOptions::new(Version::V15).setting("max_connections", "20").start().await;
    let proxy = Proxy::to(server.url()).await;
    let url = proxy.url(server.url());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    assert_eq!(number(&mut connection, "SELECT current_setting('max_connections')::bigint").await, 20);
    proxy.cut();
    assert!(connection.ping().await.is_err());
    proxy.refuse(true);
    assert!(PgConnection::connect(&url).await.is_err());
    proxy.refuse(false);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    proxy.hold(true);
    assert!(tokio::time::timeout(Duration::from_millis(100), connection.ping()).await.is_err());
    proxy.hold(false);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    proxy.delay(Duration::from_millis(50));
    let begun = Instant::now();
    connection.ping().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    proxy.delay(Duration::ZERO);
    proxy.cut_after(3);
    assert!(connection.ping().await.is_err());
    PgConnection::connect(&url).await.unwrap().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_lost_once_its_transaction_was_carried_out() {
    let server = postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    database.execute("CREATE TABLE noted (what text)").await;
    let proxy = Proxy::to(server.url()).await;
    let mut connection = PgConnection::connect(&proxy.url(database.url())).await.unwrap();
    proxy.lose_answer_to("needle");
    let note = "INSERT INTO noted VALUES ($1)";
    sqlx::query(note).bind("hay").execute(&mut connection).await.unwrap();
    sqlx::query(note).bind("a needle").execute(&mut connection).await.unwrap_err();
    PgConnection::connect(&proxy.url(database.url())).await.expect_err("the line is down");
    proxy.refuse(false);
    let mut other = PgConnection::connect(&proxy.url(database.url())).await.unwrap();
    assert_eq!(number(&mut other, "SELECT count(*) FROM noted").await, 2);
    proxy.lose_answer_to("needle");
    let mut transaction = other.begin().await.unwrap();
    sqlx::query(note).bind("a needle").execute(&mut *transaction).await.unwrap();
    sqlx::query(note).bind("hay").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap_err();
    assert_eq!(number(&mut database.connect().await, "SELECT count(*) FROM noted").await, 4);
    assert_eq!(proxy.lost(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pooler_lets_transactions_share_connections() {
    let server = postgres(Version::V15).await;
    let bouncer = pgbouncer(&server).await;
    let database = server.database(Collation::Server).await;
    let options: sqlx::postgres::PgConnectOptions = bouncer.url(database.url()).parse().unwrap();
    let options = options.extra_float_digits(None).statement_cache_capacity(0);
    let mut processes = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        let row = sqlx::query("SELECT pg_backend_pid()")
            .persistent(false)
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        processes.insert(row.get::<i32, _>(0));
        transaction.commit().await.unwrap();
    }
    assert!(processes.len() < 9, "a pool of eight serves all: {processes:?}");
}
