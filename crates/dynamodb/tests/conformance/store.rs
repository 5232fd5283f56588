//! DynamoDB as a store under test: tables of its own, which are deleted when the test ends.
//!
//! The second adapter is a store of its own on the same tables, as another process has it.

use std::sync::Arc;
use std::time::Duration;

use annals_dynamodb::{DynamoOptions, DynamoStore};
use annals_ports::Adapter;
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use async_trait::async_trait;

/// Where the tests' DynamoDB is.
pub(crate) fn endpoint() -> String {
    std::env::var("ANNALS_DYNAMODB_URL").expect("ANNALS_DYNAMODB_URL names a running DynamoDB Local")
}

/// A prefix that nobody else has.
pub(crate) fn prefix() -> String {
    format!("t{:016x}", fastrand::u64(..))
}

/// Options of a store that a test makes and throws away.
pub(crate) fn options(prefix: &str) -> DynamoOptions {
    opened_by(&format!("dynamodb://{prefix}"))
}

fn opened_by(url: &str) -> DynamoOptions {
    let options = DynamoOptions::from_url(url).expect("a URL of the tests");
    let options = options.endpoint(&endpoint()).expect("a URL");
    // Long enough for every race, and soon enough where the service is away (E02).
    options.deletion_protection(false).point_in_time_recovery(false).timeout(Duration::from_secs(8))
}

/// A store on tables of its own. What is declared first is dropped first.
pub(crate) struct OwnTables {
    store: Option<DynamoStore>,
    clock: ManualClock,
    tables: Tables,
}

impl OwnTables {
    async fn open(&self) -> DynamoStore {
        // DynamoDB Local answers one request at a time, and a page by type asks every partition.
        let options = opened_by(&format!("dynamodb://{}?type_shards=3", self.tables.0));
        let options = options.clock(Arc::new(self.clock.clone()));
        DynamoStore::open(options).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

#[async_trait]
impl StoreUnderTest for OwnTables {
    async fn fresh() -> Self {
        let mut fresh = Self { store: None, clock: ManualClock::at_present(), tables: Tables(prefix()) };
        fresh.store = Some(fresh.open().await);
        fresh
    }

    fn adapter(&self) -> Adapter {
        self.store.as_ref().expect("the store is open").adapter()
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.open().await);
    }

    async fn second(&self) -> Adapter {
        self.open().await.adapter()
    }
}

/// The tables of a prefix, deleted when this is dropped.
pub(crate) struct Tables(pub(crate) String);

impl Drop for Tables {
    fn drop(&mut self) {
        let prefix = self.0.clone();
        // On a thread of its own: a runtime cannot wait within another.
        let deleting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be started").block_on(delete(&prefix));
        });
        // A failure leaves tables behind in memory, no more.
        let _ = deleting.join();
    }
}

/// A client of the tests' own.
pub(crate) async fn client() -> aws_sdk_dynamodb::Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let credentials = aws_sdk_dynamodb::config::Credentials::new("local", "local", None, None, "tests");
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(endpoint())
        .region(aws_config::Region::new("local"))
        .credentials_provider(credentials)
        .load()
        .await;
    aws_sdk_dynamodb::Client::new(&config)
}

async fn delete(prefix: &str) {
    let client = client().await;
    for suffix in ["events", "feed", "snapshots", "views"] {
        // A test that failed early may not have them all.
        let _ = client.delete_table().table_name(format!("{prefix}-{suffix}")).send().await;
    }
}
