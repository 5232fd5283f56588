//! Answers that hold less than was asked for, and say so: batches that are processed in part, pages that end early.

use fastrand::Rng;
use serde_json::{Map, Value};

/// How long a page is at most that ends early.
const SHORT: u64 = 8;

/// Takes some of a batch's keys or writes out of its request, and returns the request for those. Nothing when there is
/// only one.
pub(super) fn take_some(batch: &mut Value, rng: &mut Rng) -> Option<Value> {
    let tables = batch.get_mut("RequestItems")?.as_object_mut()?;
    let total: usize = tables.values_mut().filter_map(list).map(|list| list.len()).sum();
    if total < 2 {
        return None;
    }
    // At least one is taken, and one stays: DynamoDB refuses the whole otherwise.
    let mut taken = vec![false; total];
    let count = rng.usize(1..total);
    taken[..count].fill(true);
    rng.shuffle(&mut taken);
    let mut taken = taken.into_iter();
    let mut rest = Map::new();
    for (table, request) in tables.iter_mut() {
        let mut unprocessed = request.clone();
        let (kept, away): (Vec<_>, Vec<_>) =
            std::mem::take(list(request)?).into_iter().partition(|_| !taken.next().unwrap_or_default());
        *list(request)? = kept;
        if !away.is_empty() {
            *list(&mut unprocessed)? = away;
            rest.insert(table.clone(), unprocessed);
        }
    }
    tables.retain(|_, request| list(request).is_some_and(|list| !list.is_empty()));
    Some(Value::Object(rest))
}

/// The keys that a batch asks of a table, or the writes.
fn list(request: &mut Value) -> Option<&mut Vec<Value>> {
    match request {
        Value::Array(writes) => Some(writes),
        request => request.get_mut("Keys")?.as_array_mut(),
    }
}

/// Adds to a batch's answer what was taken out of its request.
pub(super) fn add_unprocessed(answer: &mut Value, operation: &str, rest: Value) {
    let name = if operation == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
    let (Value::Object(answer), Value::Object(rest)) = (answer, rest) else { return };
    let unprocessed = answer.entry(name).or_insert_with(|| Value::Object(Map::new()));
    for (table, mut request) in rest {
        match unprocessed.get_mut(&table).and_then(list) {
            Some(there) => there.append(list(&mut request).unwrap_or(&mut Vec::new())),
            None => unprocessed[table] = request,
        }
    }
}

/// Makes a query or scan end after a few items. False when it asks for one at most.
pub(super) fn shorten(query: &mut Value, rng: &mut Rng) -> bool {
    let most =
        query.get("Limit").and_then(Value::as_u64).map_or(SHORT, |limit| SHORT.min(limit.saturating_sub(1)));
    let Some(query) = query.as_object_mut().filter(|_| most > 0) else { return false };
    query.insert("Limit".to_owned(), rng.u64(1..=most).into());
    true
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use serde_json::{Value, json};

    use super::{add_unprocessed, shorten, take_some};

    #[test]
    fn a_batch_is_cut_in_two_that_make_the_whole() {
        for seed in 0..200 {
            let whole = json!({"RequestItems": {"a": {"Keys": [1, 2, 3], "ConsistentRead": true}, "b": {"Keys": [4]}}});
            let mut batch = whole.clone();
            let rest = take_some(&mut batch, &mut Rng::with_seed(seed)).unwrap();
            let mut both = json!({"UnprocessedKeys": batch["RequestItems"]});
            assert!(!rest.as_object().unwrap().is_empty());
            assert!(!batch["RequestItems"].as_object().unwrap().is_empty());
            add_unprocessed(&mut both, "BatchGetItem", rest);
            for table in ["a", "b"] {
                both["UnprocessedKeys"][table]["Keys"].as_array_mut().unwrap().sort_by_key(Value::as_u64);
            }
            assert_eq!(both["UnprocessedKeys"], whole["RequestItems"]);
        }
        let mut one = json!({"RequestItems": {"a": [{"PutRequest": {}}]}});
        assert!(take_some(&mut one, &mut Rng::with_seed(1)).is_none());
    }

    #[test]
    fn a_page_ends_earlier_than_asked_for() {
        let mut rng = Rng::with_seed(1);
        for limit in 2..20 {
            let mut query = json!({"Limit": limit});
            assert!(shorten(&mut query, &mut rng));
            assert!((1..limit).contains(&query["Limit"].as_u64().unwrap()));
        }
        assert!(!shorten(&mut json!({"Limit": 1}), &mut rng));
        assert!(shorten(&mut json!({}), &mut rng));
    }
}
