//! Items of stream records, which the SDK gives as a type of its own, as items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as Value;
use aws_sdk_dynamodbstreams::types::AttributeValue as Streamed;

use crate::item::Item;

/// A record's image as an item. An attribute of a kind that the SDK does not know is left out.
pub(crate) fn item(image: &HashMap<String, Streamed>) -> Item {
    image.iter().filter_map(|(name, found)| Some((name.clone(), value(found)?))).collect()
}

fn value(found: &Streamed) -> Option<Value> {
    Some(match found {
        Streamed::B(bytes) => Value::B(bytes.clone()),
        Streamed::Bool(truth) => Value::Bool(*truth),
        Streamed::Bs(set) => Value::Bs(set.clone()),
        Streamed::L(list) => Value::L(list.iter().filter_map(value).collect()),
        Streamed::M(map) => Value::M(item(map)),
        Streamed::N(digits) => Value::N(digits.clone()),
        Streamed::Ns(set) => Value::Ns(set.clone()),
        Streamed::Null(truth) => Value::Null(*truth),
        Streamed::S(text) => Value::S(text.clone()),
        Streamed::Ss(set) => Value::Ss(set.clone()),
        _ => return None,
    })
}
