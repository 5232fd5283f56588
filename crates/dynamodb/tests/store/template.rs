//! The template for `CloudFormation` makes the tables that the code makes.

use aws_sdk_dynamodb::types::TableDescription;
use serde_json::{Value, json};

use crate::tables::Tables;

const TEMPLATE: &str = include_str!("../../../../docs/dynamodb-cloudformation.json");

/// What a table is, in the template's words: its properties but for its name and what emulators do not have.
fn described(found: &TableDescription) -> Value {
    let keys = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| -> Value {
        let element = |key: &aws_sdk_dynamodb::types::KeySchemaElement| json!({ "AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str() });
        schema.iter().map(element).collect()
    };
    let mut attributes: Vec<_> = found
        .attribute_definitions()
        .iter()
        .map(|attribute| (attribute.attribute_name(), attribute.attribute_type().as_str()))
        .collect();
    attributes.sort_unstable();
    let attributes: Value = attributes
        .into_iter()
        .map(|(name, kind)| json!({ "AttributeName": name, "AttributeType": kind }))
        .collect();
    let mut table = json!({
        "AttributeDefinitions": attributes,
        "KeySchema": keys(found.key_schema()),
        "BillingMode": found.billing_mode_summary().and_then(|billing| billing.billing_mode())
            .map_or("none", |mode| mode.as_str()),
    });
    let indexes: Value = found
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            json!({
                "IndexName": index.index_name(),
                "KeySchema": keys(index.key_schema()),
                "Projection": {
                    "ProjectionType": index.projection().and_then(|projection| projection.projection_type())
                        .map(aws_sdk_dynamodb::types::ProjectionType::as_str),
                },
            })
        })
        .collect();
    if indexes != json!([]) {
        table["GlobalSecondaryIndexes"] = indexes;
    }
    if let Some(stream) = found.stream_specification() {
        table["StreamSpecification"] = json!({ "StreamViewType": stream.stream_view_type().map(aws_sdk_dynamodb::types::StreamViewType::as_str) });
    }
    table
}

/// The template's table whose name ends so, likewise.
fn in_template(template: &Value, suffix: &str) -> Value {
    let resources = template["Resources"].as_object().unwrap().values();
    let mut named =
        resources.filter(|resource| resource["Type"] == "AWS::DynamoDB::Table").filter(|resource| {
            let name = &resource["Properties"]["TableName"];
            name.to_string().contains(&format!("-{suffix}"))
        });
    let mut table =
        named.next().unwrap_or_else(|| panic!("the template has no table -{suffix}"))["Properties"].clone();
    assert!(named.next().is_none(), "-{suffix} stands twice");
    let properties = table.as_object_mut().unwrap();
    assert_eq!(properties.remove("DeletionProtectionEnabled"), Some(json!(true)), "{suffix}");
    let recovery = properties.remove("PointInTimeRecoverySpecification");
    assert_eq!(recovery, Some(json!({ "PointInTimeRecoveryEnabled": true })), "{suffix}");
    properties.remove("TableName");
    let attributes = properties["AttributeDefinitions"].as_array_mut().unwrap();
    attributes.sort_by_key(|attribute| attribute["AttributeName"].to_string());
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_makes_what_the_code_makes() {
    let tables = Tables::new().await;
    drop(tables.open().await);
    let template: Value = serde_json::from_str(TEMPLATE).unwrap();
    for suffix in ["events", "feed", "snapshots", "views"] {
        let found = tables
            .client()
            .describe_table()
            .table_name(tables.name(suffix))
            .send()
            .await
            .unwrap()
            .table
            .unwrap();
        assert_eq!(described(&found), in_template(&template, suffix), "{suffix}");
    }
}
