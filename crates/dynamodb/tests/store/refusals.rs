//! What the service refuses, in the words of Amazon's documentation, is told in one line with a remedy and without a secret.
//!
//! Neither emulator checks rights, signatures or clocks: an endpoint in front of one answers as the service would.

use std::sync::Arc;
use std::time::Duration;

use annals_dynamodb::{DynamoOptions, DynamoStore};
use annals_ports::{Effect, EventStore, Expectation, StoreError};
use annals_services::{Answer, FaultyEndpoint};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

use crate::tables::{Tables, commit_to, event, stream};

/// One line, with these words, and nothing of a signature or key.
fn assert_told(error: &dyn std::error::Error, words: &[&str]) {
    let told = error.to_string();
    assert_eq!(told.lines().count(), 1, "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is not in: {told}");
    }
    for secret in ["Signature=", "Credential=", "AKIA", "Canonical"] {
        assert!(!told.contains(secret), "{told}");
    }
}

async fn in_front(tables: &Tables) -> FaultyEndpoint {
    FaultyEndpoint::to(tables.server.endpoint(), 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_the_service_refuses_to_open_says_why_and_what_to_do() {
    let tables = Tables::new().await;
    let endpoint = in_front(&tables).await;
    for (answer, words) in [
        (Answer::unrecognized_client(), ["UnrecognizedClientException", "the region is theirs"]),
        (Answer::wrong_signature(), ["InvalidSignatureException", "check the access key"]),
        (Answer::signature_expired(), ["Signature expired", "set this machine's clock"]),
        (Answer::expired_token(), ["ExpiredToken", "sign in again"]),
        (Answer::access_denied(), ["AccessDeniedException", "allow this action to the role"]),
        (Answer::missing_token(), ["MissingAuthenticationToken", "give credentials"]),
    ] {
        endpoint.script("DescribeTable", answer);
        let refused = DynamoStore::open(tables.through(endpoint.endpoint())).await;
        let error = refused.expect_err("it was refused");
        assert!(!error.is_transient(), "{error}");
        assert_told(&error, &words);
        assert_told(&error, &["opening dynamodb://test-"]);
        endpoint.clear_script();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named_and_leaves_no_trace() {
    let tables = Tables::new().await;
    let endpoint = in_front(&tables).await;
    let store = DynamoStore::open(tables.through(endpoint.endpoint())).await.unwrap();
    endpoint.script_times("PutItem", Answer::access_denied(), usize::MAX);
    let refused = store.commit(commit_to("note-1", Expectation::NoStream, vec![event(40)])).await;
    let error = refused.expect_err("the right is missing");
    assert_eq!((error.effect(), error.is_transient()), (Effect::NotWritten, false));
    assert_told(&error, &["committing 1 event to note-1", "AccessDeniedException", "nothing was written"]);
    assert_eq!(store.head(&stream("note-1")).await.unwrap(), None);
    endpoint.clear_script();
    store.commit(commit_to("note-1", Expectation::NoStream, vec![event(40)])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_ridden_out_and_otherwise_told_as_unavailable() {
    let tables = Tables::new().await;
    let endpoint = in_front(&tables).await;
    let options = tables.through(endpoint.endpoint()).timeout(Duration::from_millis(800));
    let store = DynamoStore::open(options).await.unwrap();
    endpoint.script_times("PutItem", Answer::throughput_exceeded(), 3);
    store.commit(commit_to("note-1", Expectation::NoStream, vec![event(40)])).await.unwrap();
    endpoint.script_times("PutItem", Answer::throttled(), usize::MAX);
    let error = store.commit(commit_to("note-2", Expectation::NoStream, vec![event(40)])).await;
    let error = error.expect_err("it is throttled for good");
    assert_eq!((error.effect(), error.is_transient()), (Effect::NotWritten, true));
    assert_told(&error, &["unavailable", "ThrottlingException"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_not_there_are_not_made_when_that_is_not_wanted() {
    let tables = Tables::new().await;
    let refused = DynamoStore::open(tables.options().create(false)).await;
    let error = refused.expect_err("there are no tables");
    let table = format!("there is no table {}", tables.name("events"));
    assert_told(&error, &[&table, "check prefix and region"]);
    let found = tables.client().describe_table().table_name(tables.name("events")).send().await;
    assert!(found.is_err(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_shape_is_named_and_left_as_it_is() {
    let tables = Tables::new().await;
    let name = tables.name("views");
    let id = AttributeDefinition::builder().attribute_name("Id").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("Id").key_type(KeyType::Hash);
    let made = tables.client().create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    let made = made.attribute_definitions(id.build().unwrap()).key_schema(key.build().unwrap()).send().await;
    made.unwrap();
    let error = DynamoStore::open(tables.options()).await.expect_err("the table is another's");
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
    assert_told(&error, &[&name, "keys Id", "keys Part and Sort", "choose another prefix"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_a_newer_release_is_refused_with_both_versions() {
    let tables = Tables::new().await;
    drop(tables.open().await);
    let client = tables.client();
    let newer = client
        .update_item()
        .table_name(tables.name("events"))
        .key("AggregateId", aws_sdk_dynamodb::types::AttributeValue::S("$store".to_owned()))
        .key("Version", aws_sdk_dynamodb::types::AttributeValue::N("0".to_owned()))
        .update_expression("SET SchemaVersion = :newer")
        .expression_attribute_values(":newer", aws_sdk_dynamodb::types::AttributeValue::N("9".to_owned()));
    newer.send().await.unwrap();
    let error = DynamoStore::open(tables.options()).await.expect_err("its schema is newer");
    assert_told(&error, &["schema version 9", "up to 1", "use a newer release"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_told_in_time() {
    let options = DynamoOptions::new("nobody").unwrap().endpoint("http://127.0.0.1:1").unwrap();
    let begun = std::time::Instant::now();
    let error =
        DynamoStore::open(options.timeout(Duration::from_millis(500))).await.expect_err("nobody listens");
    assert!(error.is_transient(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "after {:?}", begun.elapsed());
    assert_told(&error, &["opening dynamodb://nobody", "unavailable"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_may_open_a_new_store_at_once() {
    let tables = Arc::new(Tables::new().await);
    let opening = (0..4).map(|_| {
        let tables = tables.clone();
        tokio::spawn(async move { tables.open().await.id() })
    });
    let ids = futures::future::join_all(opening).await;
    let first = *ids[0].as_ref().unwrap();
    assert!(ids.iter().all(|id| *id.as_ref().unwrap() == first), "{ids:?}");
}
