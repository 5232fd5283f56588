//! What the policies in `docs/dynamodb-iam.json` allow: nobody edits history, and each part has what it needs and no
//! wildcard.

use std::collections::BTreeSet;

use serde_json::Value;

const EVENTS: &str = "arn:aws:dynamodb:REGION:ACCOUNT:table/PREFIX-events";

fn policies() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dynamodb-iam.json");
    let text = std::fs::read_to_string(path).expect("the policies are there");
    serde_json::from_str(&text).expect("the policies are JSON")
}

fn statements(policy: &str) -> Vec<Value> {
    policies()[policy]["Statement"].as_array().expect("a policy has statements").clone()
}

/// One text, or several.
fn texts(value: &Value) -> Vec<String> {
    let several = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    several.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// What a policy allows on a resource without a condition, or with one.
fn allowed(policy: &str, resource: &str, conditional: bool) -> BTreeSet<String> {
    let statements = statements(policy).into_iter().filter(|statement| {
        statement["Effect"] == "Allow"
            && statement["Condition"].is_null() != conditional
            && texts(&statement["Resource"]).iter().any(|of| of == resource)
    });
    statements.flat_map(|statement| texts(&statement["Action"])).collect()
}

#[test]
fn no_policy_allows_to_edit_an_event() {
    let names: Vec<String> = policies().as_object().expect("policies by name").keys().cloned().collect();
    assert_eq!(names, ["application", "creator", "reader", "recovery"]);
    for policy in &names {
        for action in ["BatchWriteItem", "DeleteItem", "DeleteTable", "UpdateItem", "UpdateTable"] {
            let action = format!("dynamodb:{action}");
            assert!(!allowed(policy, EVENTS, false).contains(&action), "{policy} may {action}");
        }
    }
    assert_eq!(allowed("recovery", EVENTS, true), BTreeSet::from(["dynamodb:DeleteItem".to_owned()]));
}

#[test]
fn the_application_is_denied_what_edits_history_whatever_else_it_is_given() {
    let statements = statements("application");
    let denied =
        statements.iter().find(|statement| statement["Effect"] == "Deny").expect("there is a denial");
    assert_eq!(denied["Resource"], EVENTS);
    let denied = texts(&denied["Action"]);
    for action in [
        "BatchWriteItem",
        "DeleteItem",
        "DeleteTable",
        "PartiQLDelete",
        "PartiQLUpdate",
        "UpdateItem",
        "UpdateTable",
    ] {
        assert!(denied.contains(&format!("dynamodb:{action}")), "{action} is not denied");
    }
    assert!(allowed("application", EVENTS, false).contains("dynamodb:PutItem"));
}

#[test]
fn readers_only_read() {
    for statement in statements("reader") {
        for action in texts(&statement["Action"]) {
            let reads = ["BatchGetItem", "DescribeTable", "GetItem", "Query", "Scan"];
            assert!(reads.iter().any(|read| action == format!("dynamodb:{read}")), "{action}");
        }
    }
}

#[test]
fn no_policy_has_a_wildcard_but_for_the_streams_of_the_events() {
    for policy in ["application", "creator", "reader", "recovery"] {
        for statement in statements(policy) {
            assert!(texts(&statement["Action"]).iter().all(|action| !action.contains('*')), "{policy}");
            for resource in texts(&statement["Resource"]) {
                let stream = resource == format!("{EVENTS}/stream/*");
                assert!(stream || !resource.contains('*'), "{policy}: {resource}");
            }
        }
    }
}
