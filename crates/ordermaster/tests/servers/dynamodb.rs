//! Tables on Amazon's own emulator as a server under test, and what the service refuses, in the words that Amazon documents.

use annals_services::{Answer, DynamoDb, Engine, FaultyEndpoint, TestTables, dynamodb};

use crate::on_a_server;
use crate::shop::{Server, Shop};

struct Tables {
    server: DynamoDb,
    tables: TestTables,
}

impl Tables {
    fn through(&self, endpoint: &str) -> String {
        let prefix = self.tables.prefix();
        format!("dynamodb://{prefix}?endpoint={endpoint}&deletion_protection=off&point_in_time_recovery=off")
    }
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
        self.through(self.server.endpoint())
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

/// What a command says that the service refuses: one line, with these words, and exit code 1.
fn refused(shop: &Shop<Tables>, url: &str, command: &str, words: &[&str]) {
    let output = shop.run(url, &command.split(' ').collect::<Vec<_>>());
    let reason = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), reason.lines().count()), (Some(1), 1), "{command}: {reason}");
    for word in words {
        assert!(reason.contains(word), "{word:?} is not in: {reason}");
    }
    for secret in ["Signature=", "Credential=", "AKIA", "Canonical"] {
        assert!(!reason.contains(secret), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_service_does_not_let_in_is_told_why_and_what_to_do() {
    let shop = Shop::<Tables>::empty().await;
    let endpoint = FaultyEndpoint::to(shop.server.server.endpoint(), 1).await;
    let url = shop.server.through(endpoint.endpoint());
    for (answer, words) in [
        (Answer::unrecognized_client(), ["UnrecognizedClientException", "the region is theirs"]),
        (Answer::wrong_signature(), ["InvalidSignatureException", "check the access key"]),
        (Answer::signature_expired(), ["Signature expired", "set this machine's clock"]),
        (Answer::expired_token(), ["ExpiredToken", "sign in again"]),
        (Answer::access_denied(), ["AccessDeniedException", "docs/dynamodb-iam.json"]),
        (Answer::missing_token(), ["MissingAuthenticationToken", "give credentials"]),
    ] {
        endpoint.script_times("DescribeTable", answer, usize::MAX);
        refused(&shop, &url, "store info", &words);
        refused(&shop, &url, "inventory receive TEA --quantity 5", &words);
        endpoint.clear_script();
    }
    refused(
        &shop,
        &format!("{}&create=false", shop.server.url()),
        "store info",
        &["there is no table", "check prefix"],
    );
    shop.done("inventory receive TEA --quantity 5");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_right_that_is_missing_is_named_and_nothing_is_written() {
    let shop = Shop::<Tables>::empty().await;
    shop.done("inventory receive TEA --quantity 5");
    let before = shop.done("events --json");
    let endpoint = FaultyEndpoint::to(shop.server.server.endpoint(), 1).await;
    let url = shop.server.through(endpoint.endpoint());
    for action in ["PutItem", "TransactWriteItems"] {
        endpoint.script_times(action, Answer::access_denied(), usize::MAX);
    }
    let words = ["AccessDeniedException", "allow this action to the role", "nothing was written"];
    refused(&shop, &url, "inventory receive TEA --quantity 7", &words);
    assert_eq!(shop.done("events --json"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_shape_is_named() {
    let shop = Shop::<Tables>::empty().await;
    let made = format!(
        r#"{{"TableName": "{}-views", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{{"AttributeName": "Id", "AttributeType": "S"}}],
            "KeySchema": [{{"AttributeName": "Id", "KeyType": "HASH"}}]}}"#,
        shop.server.tables.prefix()
    );
    let made = shop.server.tables.ask("CreateTable", &made).unwrap();
    assert!(made.contains("200 OK"), "{made}");
    refused(&shop, &shop.server.url(), "store info", &["views", "keys Id", "choose another prefix"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nothing_is_sent() {
    let shop = Shop::<Tables>::empty().await;
    // No Amazon is asked: there are none in the surroundings, and the instance's own service is switched off.
    let mut command = shop.command("dynamodb://shop?region=eu-central-1", &["store", "info"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"] {
        command.env_remove(name);
    }
    for name in ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
        command.env_remove(name);
    }
    command.env("HOME", shop.folder.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().unwrap();
    let reason = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), reason.lines().count()), (Some(1), 1), "{reason}");
    assert!(reason.contains("no credentials were found; set AWS_ACCESS_KEY_ID"), "{reason}");
}
