//! Tables of a test's own on Amazon's own emulator, deleted with the test.

use annals_core::{CommitId, EventId, EventType, Json, StreamId};
use annals_dynamodb::{DynamoOptions, DynamoStore};
use annals_ports::{Append, Commit, Expectation, NewEvent};
use annals_services::{DynamoDb, Engine, TestTables, dynamodb};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

/// Names for a store's tables, and the server that they are on.
pub(crate) struct Tables {
    pub(crate) server: DynamoDb,
    names: TestTables,
}

impl Tables {
    pub(crate) async fn new() -> Self {
        let server = dynamodb(Engine::Local).await;
        let names = server.tables();
        Self { server, names }
    }

    /// A table's name.
    pub(crate) fn name(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.names.prefix())
    }

    /// A store on these tables, through the server's own endpoint.
    pub(crate) fn options(&self) -> DynamoOptions {
        self.through(self.server.endpoint())
    }

    /// A store on these tables, through another endpoint.
    pub(crate) fn through(&self, endpoint: &str) -> DynamoOptions {
        let options = DynamoOptions::new(self.names.prefix()).unwrap().endpoint(endpoint).unwrap();
        options.deletion_protection(false).point_in_time_recovery(false)
    }

    pub(crate) async fn open(&self) -> DynamoStore {
        DynamoStore::open(self.options()).await.unwrap()
    }

    /// The service's own client.
    pub(crate) fn client(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("local"))
            .endpoint_url(self.server.endpoint())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }
}

pub(crate) fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

/// An event whose payload has so many bytes.
pub(crate) fn event(bytes: usize) -> NewEvent {
    let frame = r#"{"text":""}"#.len();
    let payload = serde_json::json!({ "text": random_text(bytes.saturating_sub(frame)) });
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Noted").unwrap(),
        schema_version: 1,
        payload: Json::from_value(&payload).unwrap(),
        metadata: Json::empty(),
    }
}

/// Text that does not get smaller by being compressed, so that sizes are what they seem.
fn random_text(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

pub(crate) fn commit_to(name: &str, expected: Expectation, events: Vec<NewEvent>) -> Commit {
    Commit::new(CommitId::new(), vec![Append::new(stream(name), expected, events)]).unwrap()
}
