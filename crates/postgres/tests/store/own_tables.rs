//! Tables of one's own: each event has its effect once, though the process, its connection or its lease goes half-way.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use annals_core::{DomainEvent, Recorded};
use annals_ports::{BoxError, EventStore, Expectation, Upkeep, ViewStore};
use annals_postgres::{OwnTables, OwnTablesError, OwnTablesRunner, PostgresStore};
use annals_services::TestDatabase;
use sqlx::{Connection, PgConnection, Row};

use crate::shop::{commit, database, open};

/// Longer than any of this may take.
const AGES: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, DomainEvent)]
#[event(category = "shop")]
enum Shop {
    Counted { number: i64 },
}

/// One row an event, whose key refuses a second effect, and a sum that would show one that was lost.
struct Sums {
    /// Spent on each event, so that a page is caught half-way.
    pause: Duration,
    /// Refuses the event with this number.
    refused: Option<i64>,
}

impl Sums {
    fn quick() -> Self {
        Self { pause: Duration::ZERO, refused: None }
    }
}

impl OwnTables for Sums {
    const NAME: &'static str = "sums";
    const VERSION: u32 = 1;
    type Event = Shop;

    async fn reset(&self, connection: &mut PgConnection) -> Result<(), BoxError> {
        let tables = "DROP TABLE IF EXISTS counted, summed;
                      CREATE TABLE counted (event uuid PRIMARY KEY, number bigint NOT NULL);
                      CREATE TABLE summed (sum bigint NOT NULL); INSERT INTO summed VALUES (0)";
        sqlx::raw_sql(tables).execute(connection).await?;
        Ok(())
    }

    async fn apply(&self, events: &[Recorded<Shop>], connection: &mut PgConnection) -> Result<(), BoxError> {
        for recorded in events {
            let Shop::Counted { number } = recorded.event;
            // A transaction of the projection's own is a savepoint of the runner's.
            let mut inner = connection.begin().await?;
            let id = uuid::Uuid::from_bytes(*recorded.header.id.as_bytes());
            sqlx::query("INSERT INTO counted VALUES ($1, $2)")
                .bind(id)
                .bind(number)
                .execute(&mut *inner)
                .await?;
            sqlx::query("UPDATE summed SET sum = sum + $1").bind(number).execute(&mut *inner).await?;
            inner.commit().await?;
            if self.refused == Some(number) {
                return Err(format!("{number} is not liked").into());
            }
            tokio::time::sleep(self.pause).await;
        }
        Ok(())
    }
}

async fn record(store: &PostgresStore, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        store.commit(commit(&format!("shop-{}", number % 5), Expectation::Any, number)).await.unwrap();
    }
}

/// How many rows there are, their sum, and the sum that was counted on.
async fn told(database: &TestDatabase) -> (i64, i64, i64) {
    let sums = "SELECT count(*), coalesce(sum(number), 0)::bigint, (SELECT sum FROM summed) FROM counted";
    let row = sqlx::query(sums).fetch_one(&mut database.connect().await).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_ones_own_are_made_kept_up_to_date_and_built_again() {
    let database = database().await;
    let store = open(database.url()).await;
    let runner = OwnTablesRunner::new(&store, Sums::quick()).with_page_size(7);
    assert_eq!(runner.catch_up().await.unwrap(), 0);
    assert_eq!(told(&database).await, (0, 0, 0), "made before the first event");
    record(&store, 1..=30).await;
    assert_eq!(runner.catch_up().await.unwrap(), 30);
    assert_eq!(runner.catch_up().await.unwrap(), 0, "nothing comes twice");
    assert_eq!(told(&database).await, (30, 465, 465));
    database.execute("UPDATE summed SET sum = 1").await;
    assert_eq!(runner.rebuild().await.unwrap(), 30);
    assert_eq!(told(&database).await, (30, 465, 465));
    let state = store.state(runner.view_id()).await.unwrap().unwrap();
    assert_eq!((state.checkpoint.events, state.rows), (30, 0));
    store.recover().await.unwrap();
    record(&store, 31..=31).await;
    assert_eq!(runner.catch_up().await.unwrap(), 1, "what stands in history is not dropped by a recovery");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_is_taken_back_whole() {
    let database = database().await;
    let store = open(database.url()).await;
    record(&store, 1..=10).await;
    let picky = Sums { refused: Some(8), ..Sums::quick() };
    let error = OwnTablesRunner::new(&store, picky).with_page_size(3).catch_up().await.unwrap_err();
    assert!(matches!(error, OwnTablesError::Projection { .. }) && !error.is_transient(), "{error}");
    assert_eq!(error.to_string(), "sums v1 refused a page of events: 8 is not liked");
    assert_eq!(told(&database).await, (6, 21, 21), "two pages of three, and nothing of the third");
    assert_eq!(OwnTablesRunner::new(&store, Sums::quick()).catch_up().await.unwrap(), 4);
    assert_eq!(told(&database).await, (10, 55, 55));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_runner_at_a_time_changes_the_tables() {
    let database = database().await;
    let store = open(database.url()).await;
    record(&store, 1..=20).await;
    let slow = Sums { pause: Duration::from_millis(40), refused: None };
    let first = OwnTablesRunner::new(&store, slow).with_lease(Duration::from_millis(300));
    let working = tokio::spawn(async move { first.catch_up().await });
    let begun = Instant::now();
    // The first is in the middle of its page, and its lease over: the second waits for it, or ends it; neither twice.
    let second = OwnTablesRunner::new(&store, Sums::quick());
    let mut caught_up = 0;
    while caught_up == 0 && told_if_made(&database).await != Some(20) {
        assert!(begun.elapsed() < AGES, "nobody comes to an end");
        match second.catch_up().await {
            Ok(events) => caught_up = events,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
    let _ = working.await.unwrap();
    assert_eq!(told(&database).await, (20, 210, 210));
}

async fn told_if_made(database: &TestDatabase) -> Option<i64> {
    let counted = sqlx::query("SELECT count(*) FROM counted").fetch_one(&mut database.connect().await).await;
    counted.ok().map(|row| row.get(0))
}

const URL: &str = "ANNALS_POSTGRES_OWN_TABLES_URL";

/// This test in another process, which does nothing but follow.
fn follower(url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "own_tables::a_runner_that_is_killed_half_way_loses_and_doubles_nothing",
            "--nocapture",
        ])
        .env(URL, url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_is_killed_half_way_loses_and_doubles_nothing() {
    const EVENTS: u64 = 200;
    if let Ok(url) = std::env::var(URL) {
        let slow = Sums { pause: Duration::from_millis(3), refused: None };
        let store = open(&url).await;
        let runner =
            OwnTablesRunner::new(&store, slow).with_page_size(10).with_lease(Duration::from_millis(200));
        runner.follow(std::future::pending()).await.unwrap();
        return;
    }
    let database = database().await;
    let store = open(database.url()).await;
    record(&store, 1..=EVENTS).await;
    let begun = Instant::now();
    let mut seen = 0;
    for kill in 0..4 {
        let mut child = follower(database.url());
        // Killed once it has got on, most often within a page that comes after.
        loop {
            let now = told_if_made(&database).await.unwrap_or(0);
            if now > seen {
                seen = now;
                break;
            }
            assert!(begun.elapsed() < AGES, "kill {kill}: it does not get on beyond {seen} events");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(seen < EVENTS.cast_signed(), "every kill came before the end");
    let runner = OwnTablesRunner::new(&store, Sums::quick());
    while let Err(error) = runner.catch_up().await {
        assert!(error.is_transient() && begun.elapsed() < AGES, "{error}");
    }
    let sum = (EVENTS * (EVENTS + 1) / 2).cast_signed();
    assert_eq!(told(&database).await, (EVENTS.cast_signed(), sum, sum));
}
