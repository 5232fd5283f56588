//! Requests to DynamoDB made by hand: what is sent is what stands here, and no client mends what goes wrong.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// Any credentials will do, in the form that they have.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host, Signature=0";

/// A client of one endpoint.
#[derive(Clone)]
pub(crate) struct Dynamo {
    endpoint: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Said {
    /// The last part of an error's name; nothing when it is none.
    pub(crate) fn error(&self) -> &str {
        self.body["__type"].as_str().and_then(|name| name.rsplit('#').next()).unwrap_or_default()
    }
}

impl Dynamo {
    pub(crate) fn at(endpoint: &str) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        client.retry_canceled_requests(false).pool_max_idle_per_host(0);
        Self { endpoint: format!("{endpoint}/"), client: client.build_http() }
    }

    /// The answer, whatever it is; nothing when there was none.
    pub(crate) async fn ask(&self, operation: &str, body: &Value) -> Option<Said> {
        let of_streams = ["DescribeStream", "GetShardIterator", "GetRecords"].contains(&operation);
        let service = if of_streams { "DynamoDBStreams" } else { "DynamoDB" };
        let request = Request::post(&self.endpoint)
            .header("x-amz-target", format!("{service}_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", AUTHORIZATION)
            .body(Full::from(body.to_string()))
            .unwrap();
        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Some(Said { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// What is said when all is well.
    pub(crate) async fn call(&self, operation: &str, body: Value) -> Value {
        let said = self.ask(operation, &body).await.expect("an answer");
        assert_eq!(said.status, 200, "{operation} {body}: {}", said.body);
        said.body
    }

    /// Makes a table of items with the keys `Item` and `Number`, an index on `Kind`, and a stream of its changes.
    pub(crate) async fn make_table(&self, name: &str) {
        let attribute = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [attribute("Item", "S"), attribute("Number", "N"), attribute("Kind", "S")],
            "KeySchema": [key("Item", "HASH"), key("Number", "RANGE")],
            "GlobalSecondaryIndexes": [{
                "IndexName": "Kinds",
                "KeySchema": [key("Kind", "HASH"), key("Number", "RANGE")],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        self.call("CreateTable", table).await;
        while self.call("DescribeTable", json!({"TableName": name})).await["Table"]["TableStatus"] != "ACTIVE"
        {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn put(&self, table: &str, item: &str, number: u32) -> Option<Said> {
        self.ask("PutItem", &json!({"TableName": table, "Item": an_item(item, number)})).await
    }

    /// Whether the item is there.
    pub(crate) async fn has(&self, table: &str, item: &str, number: u32) -> bool {
        let key = key_of(item, number);
        let found =
            self.call("GetItem", json!({"TableName": table, "Key": key, "ConsistentRead": true})).await;
        found.get("Item").is_some()
    }

    /// An iterator at the beginning of the table's stream.
    pub(crate) async fn first_iterator(&self, table: &str) -> String {
        let table = self.call("DescribeTable", json!({"TableName": table})).await;
        let stream = &table["Table"]["LatestStreamArn"];
        let described = self.call("DescribeStream", json!({"StreamArn": stream})).await;
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let begin = json!({"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = self.call("GetShardIterator", begin).await;
        iterator["ShardIterator"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn key_of(item: &str, number: u32) -> Value {
    json!({"Item": {"S": item}, "Number": {"N": number.to_string()}})
}

pub(crate) fn an_item(item: &str, number: u32) -> Value {
    json!({"Item": {"S": item}, "Number": {"N": number.to_string()}, "Kind": {"S": "k"}})
}
