//! The stream of changes as DynamoDB promises it, and not as a local one happens to give it.
//!
//! The changes of one item come in their order; what comes of several items has none, and what came may come again.
//! Within one answer only: no answer begins below the end of an earlier one, but for what is repeated. A record keeps its
//! sequence number wherever it comes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use serde_json::{Value, json};

use super::line::locked;

/// How many records are remembered of what one reader of a shard was given.
const RECENT: usize = 100;
/// How many iterators are remembered.
const ITERATORS: usize = 10_000;
/// How many records come again at most.
const AGAIN: usize = 5;

/// What readers of the stream have been given, by the iterators that they hold.
#[derive(Debug, Default)]
pub(super) struct Changes {
    given: BTreeMap<String, Given>,
    oldest_first: VecDeque<String>,
}

/// The last records that one reader was given; he comes with another iterator each time.
type Given = Arc<Mutex<VecDeque<Value>>>;

impl Changes {
    /// Notes an answer to whoever holds the iterator, and gives back some of what he was given before it.
    pub(super) fn note(&mut self, iterator: &str, answer: &Value, rng: &mut Rng) -> Vec<Value> {
        let reader = self.given.get(iterator).cloned().unwrap_or_default();
        if let Some(next) = answer["NextShardIterator"].as_str() {
            self.remember(next, reader.clone());
        }
        let mut given = locked(&reader);
        let mut chosen = rng.choose_multiple(0..given.len(), AGAIN.min(given.len()));
        chosen.sort_unstable();
        let again = chosen.into_iter().map(|place| given[place].clone()).collect();
        given.extend(answer["Records"].as_array().into_iter().flatten().cloned());
        while given.len() > RECENT {
            given.pop_front();
        }
        again
    }

    fn remember(&mut self, iterator: &str, reader: Given) {
        if self.given.insert(iterator.to_owned(), reader).is_none() {
            self.oldest_first.push_back(iterator.to_owned());
        }
        if self.oldest_first.len() > ITERATORS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.given.remove(&oldest);
        }
    }
}

/// An answer without records, which gives the same iterator back.
pub(super) fn nothing_yet(iterator: &str) -> Value {
    json!({"Records": [], "NextShardIterator": iterator})
}

/// Takes the records out of an answer, and tells how many there were.
pub(super) fn forget(answer: &mut Value) -> usize {
    answer["Records"].as_array_mut().map_or(0, |records| std::mem::take(records).len())
}

/// Puts records of earlier answers before those of this one. False when there are none.
pub(super) fn repeat(answer: &mut Value, mut again: Vec<Value>) -> bool {
    let Some(records) = answer["Records"].as_array_mut().filter(|_| !again.is_empty()) else { return false };
    again.append(records);
    *records = again;
    true
}

/// Gives the records another order that keeps that of each item. False when that is the one they have.
pub(super) fn shuffle(answer: &mut Value, rng: &mut Rng) -> bool {
    let Some(records) = answer["Records"].as_array_mut() else { return false };
    let mut of_items: BTreeMap<String, VecDeque<Value>> = BTreeMap::new();
    let mut turns = Vec::new();
    for record in records.iter() {
        let item = record["dynamodb"]["Keys"].to_string();
        turns.push(item.clone());
        of_items.entry(item).or_default().push_back(record.clone());
    }
    rng.shuffle(&mut turns);
    let shuffled: Vec<Value> = turns.iter().filter_map(|item| of_items.get_mut(item)?.pop_front()).collect();
    let changed = *records != shuffled;
    *records = shuffled;
    changed
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use serde_json::{Value, json};

    use super::{Changes, repeat, shuffle};

    fn record(item: &str, number: u64) -> Value {
        json!({"dynamodb": {"Keys": {"A": {"S": item}}, "SequenceNumber": number}})
    }

    fn numbers(answer: &Value, of: &str) -> Vec<u64> {
        let records = answer["Records"].as_array().unwrap().iter().map(|record| &record["dynamodb"]);
        let of_item = records.filter(|record| of.is_empty() || record["Keys"]["A"]["S"] == of);
        of_item.map(|record| record["SequenceNumber"].as_u64().unwrap()).collect()
    }

    #[test]
    fn shuffled_records_keep_the_order_of_each_item() {
        let records: Vec<Value> = (0..20).map(|n| record(["a", "b", "c"][n % 3], n as u64)).collect();
        let mut changed = 0;
        for seed in 0..50 {
            let mut answer = json!({"Records": records});
            changed += usize::from(shuffle(&mut answer, &mut Rng::with_seed(seed)));
            for item in ["a", "b", "c"] {
                assert!(numbers(&answer, item).is_sorted());
            }
            let mut all = numbers(&answer, "");
            all.sort_unstable();
            assert_eq!(all, (0..20).collect::<Vec<_>>());
        }
        assert!(changed > 45);
        assert!(!shuffle(&mut json!({"Records": [record("a", 1), record("a", 2)]}), &mut Rng::with_seed(1)));
    }

    #[test]
    fn only_what_the_same_reader_was_given_comes_again_and_in_order() {
        let (mut changes, mut rng) = (Changes::default(), Rng::with_seed(1));
        let first =
            json!({"Records": [record("a", 1), record("b", 2), record("a", 3)], "NextShardIterator": "2"});
        assert!(changes.note("1", &first, &mut rng).is_empty());
        assert!(changes.note("other", &json!({"Records": [record("x", 9)]}), &mut rng).is_empty());
        let mut second = json!({"Records": [record("c", 4)], "NextShardIterator": "3"});
        let again = changes.note("2", &second, &mut rng);
        assert!(repeat(&mut second, again));
        assert_eq!(numbers(&second, ""), [1, 2, 3, 4]);
    }
}
