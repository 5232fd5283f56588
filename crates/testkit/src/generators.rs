//! Generators for property tests: whatever a store must be able to hold (laws A08 and A09), odd corners first.
//!
//! Each is a proptest strategy, so that failures shrink. [`sample`] draws from one outside of a `proptest!` block,
//! always the same for the same seed. What is generated here is always valid.

use annals_core::{CommitId, EventId, EventType, Json, Metadata, StreamHead, StreamId, Version};
use annals_ports::{Append, Commit, EventStore, Expectation, NewEvent, StoreError};
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value};

/// Strings that have broken a store before: quotes, escapes, controls, all planes, numbers in disguise.
const ODD_STRINGS: &[&str] = &[
    "",
    " ",
    "null",
    "\"quoted\" \\back\\slash /",
    "line\nbreak\ttab\r\u{8}\u{c}",
    "\u{1}\u{1f}\u{7f}\u{80}",
    "ß é e\u{301} ǆ İ",
    "日本語 עברית العربية",
    "😀 👩‍👩‍👧‍👦 \u{10ffff}",
    "\u{200b}\u{202e}\u{2028}\u{2029}\u{feff}\u{fffd}\u{ffff}",
    "0.10",
    "123456789012345678901234567890.123456789",
    "-0",
    "1e400",
    "'; drop table events; --",
    "$key.with[dots]",
    "__proto__",
    "$serde_json::private",
    "%s %d {} {0}",
];

/// One value, always the same for the same seed.
pub fn sample<S: Strategy>(strategy: &S, seed: u64) -> S::Value {
    samples(strategy, seed, 1).remove(0)
}

/// `count` values, always the same for the same seed.
///
/// # Panics
/// When the strategy rejects too much.
pub fn samples<S: Strategy>(strategy: &S, seed: u64, count: usize) -> Vec<S::Value> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut draw = || strategy.new_tree(&mut runner).expect("the strategy rejects too much").current();
    (0..count).map(|_| draw()).collect()
}

/// Any string that every store can hold: no U+0000.
pub fn text() -> impl Strategy<Value = String> {
    let anything = vec(any::<char>().prop_filter("no U+0000", |c| *c != '\0'), 0..24);
    prop_oneof![select(ODD_STRINGS).prop_map(str::to_owned), anything.prop_map(String::from_iter)]
}

/// Any number within law A09: integers of 64 bits and finite floats, without negative zero.
pub fn number() -> impl Strategy<Value = Value> {
    let integers = [i64::MIN, i64::MIN + 1, -1, 0, 1, 9_007_199_254_740_993, i64::MAX];
    let floats = [0.1 + 0.2, 1.0, 1e20, 1e21, 1e-7, 5e-324, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e300];
    prop_oneof![
        select(integers.to_vec()).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        select(vec![u64::MAX, 1 << 63, (1 << 63) - 1]).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        select(floats.to_vec()).prop_map(Value::from),
        any::<f64>().prop_filter("finite, no -0", |f| f.is_finite() && *f != 0.0).prop_map(Value::from),
    ]
}

/// Any JSON value within law A09.
pub fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, |inside| {
        prop_oneof![
            vec(inside.clone(), 0..5).prop_map(Value::from),
            btree_map(text(), inside, 0..5).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Any payload: a portable JSON object.
///
/// # Panics
/// Never for what is generated here.
pub fn json_object() -> impl Strategy<Value = Json> {
    btree_map(text(), json_value(), 0..6).prop_map(|members| {
        Json::from_value(&Value::Object(Map::from_iter(members))).expect("generated JSON is portable")
    })
}

/// Any metadata: sometimes a correlation and an actor, sometimes entries of a user's own.
pub fn metadata() -> impl Strategy<Value = Metadata> {
    let known = (any::<bool>(), text(), text());
    (known, btree_map(text(), json_value(), 0..3)).prop_map(|((is_known, correlation, actor), more)| {
        let start = if is_known { Metadata::correlated(correlation).by(actor) } else { Metadata::new() };
        more.into_iter().fold(start, |metadata, (key, value)| metadata.with(key, value))
    })
}

/// Any stream's name within law A08.
///
/// # Panics
/// Never for what is generated here.
pub fn stream_id() -> impl Strategy<Value = StreamId> {
    let letters: Vec<char> = ('a'..='z').chain('0'..='9').chain(['_']).collect();
    let visible: Vec<char> = ('!'..='~').collect();
    (vec(select(letters), 1..=64), vec(select(visible), 1..=128)).prop_map(|(category, id)| {
        StreamId::new(&String::from_iter(category), &String::from_iter(id))
            .expect("generated names are valid")
    })
}

/// Any event type within law A08.
///
/// # Panics
/// Never for what is generated here.
pub fn event_type() -> impl Strategy<Value = EventType> {
    let visible: Vec<char> = ('!'..='~').collect();
    vec(select(visible), 1..=100)
        .prop_map(|name| EventType::new(&String::from_iter(name)).expect("generated types are valid"))
}

/// Any event, with an id of its own each time that it is drawn.
///
/// # Panics
/// Never for what is generated here.
pub fn new_event() -> impl Strategy<Value = NewEvent> {
    (event_type(), 1..=32_767_u16, json_object(), metadata()).prop_map(
        |(event_type, schema_version, payload, metadata)| NewEvent {
            id: EventId::new(),
            event_type,
            schema_version,
            payload,
            metadata: metadata.to_json().expect("generated metadata is portable"),
        },
    )
}

/// What a scripted append expects, told from the head that the stream has when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectationKind {
    /// The head as it is, or none.
    Head,
    /// The version as it is.
    Exact,
    /// One version more than there is: always a conflict.
    Beyond,
    /// No events, whether there are some or not.
    NoStream,
    /// Events, whether there are some or not.
    Exists,
    /// Nothing.
    Any,
}

impl ExpectationKind {
    /// All of them that hold for a stream in the right state.
    pub const SATISFIABLE: [Self; 5] = [Self::Head, Self::Exact, Self::NoStream, Self::Exists, Self::Any];

    /// The expectation of a stream whose head is `head`.
    pub fn of(self, head: Option<StreamHead>) -> Expectation {
        let version = StreamHead::version_of(head.as_ref());
        match self {
            Self::Head => Expectation::unchanged(head),
            Self::Exact => Expectation::Exact(version),
            Self::Beyond => Expectation::Exact(version.next()),
            Self::NoStream => Expectation::NoStream,
            Self::Exists => Expectation::Exists,
            Self::Any => Expectation::Any,
        }
    }

    /// Whether it holds for a stream of `version`.
    pub fn holds(self, version: Version) -> bool {
        match self {
            Self::Head | Self::Exact | Self::Any => true,
            Self::Beyond => false,
            Self::NoStream => version == Version::NONE,
            Self::Exists => version != Version::NONE,
        }
    }
}

/// A commit to be made when its turn comes.
#[derive(Clone, Debug)]
pub struct ScriptedCommit {
    /// Its appends, each to another stream.
    pub appends: Vec<ScriptedAppend>,
}

/// An append to be made when its turn comes.
#[derive(Clone, Debug)]
pub struct ScriptedAppend {
    /// The stream.
    pub stream: StreamId,
    /// What is expected of it.
    pub expected: ExpectationKind,
    /// The events.
    pub events: Vec<NewEvent>,
}

impl ScriptedCommit {
    /// The commit as it is made now, with a new id.
    ///
    /// # Errors
    /// When a stream's head cannot be read.
    ///
    /// # Panics
    /// When the script breaks a limit; what is generated here does not.
    pub async fn resolve(&self, store: &dyn EventStore) -> Result<Commit, StoreError> {
        let mut appends = Vec::new();
        for append in &self.appends {
            let expected = append.expected.of(store.head(&append.stream).await?);
            let events = append.events.iter().map(|event| NewEvent { id: EventId::new(), ..event.clone() });
            appends.push(Append::new(append.stream.clone(), expected, events.collect()));
        }
        Ok(Commit::new(CommitId::new(), appends).expect("a script keeps the limits"))
    }
}

/// Scripts of up to `commits` commits over the same few streams, some of which conflict.
///
/// # Panics
/// Never for what is generated here.
pub fn commit_script(commits: usize) -> impl Strategy<Value = Vec<ScriptedCommit>> {
    let streams = ["order-1", "order-2", "order-Z", "payment-1", "order_line-~!", "payment-a"];
    let streams = streams.map(|name| name.parse::<StreamId>().expect("these names are valid"));
    let mostly = [ExpectationKind::Head, ExpectationKind::Any, ExpectationKind::Exact];
    let kind = prop_oneof![
        8 => select(mostly.to_vec()),
        1 => select(ExpectationKind::SATISFIABLE.to_vec()),
        1 => Just(ExpectationKind::Beyond),
    ];
    let append = (kind, vec(small_event(), 1..4));
    let commit = proptest::sample::subsequence(streams.to_vec(), 1..4).prop_flat_map(move |streams| {
        vec(append.clone(), streams.len()).prop_map(move |appends| {
            let scripted = |(stream, (expected, events)): (&StreamId, (ExpectationKind, Vec<NewEvent>))| {
                ScriptedAppend { stream: stream.clone(), expected, events }
            };
            ScriptedCommit { appends: streams.iter().zip(appends).map(scripted).collect() }
        })
    });
    vec(commit, 1..=commits)
}

fn small_event() -> impl Strategy<Value = NewEvent> + Clone {
    (select(&["Opened", "Changed", "Closed"][..]), any::<u32>()).prop_map(|(name, number)| NewEvent {
        id: EventId::new(),
        event_type: EventType::new(name).expect("these types are valid"),
        schema_version: 1,
        payload: Json::from_value(&serde_json::json!({ "number": number }))
            .expect("a small object is portable"),
        metadata: Json::empty(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn generated_objects_are_canonical_and_read_back(json in json_object()) {
            prop_assert_eq!(&Json::parse(json.as_str()).expect("portable"), &json);
        }

        #[test]
        fn generated_names_read_back(stream in stream_id()) {
            prop_assert_eq!(&stream.as_str().parse::<StreamId>().expect("valid"), &stream);
        }

        #[test]
        fn scripts_touch_each_stream_once_a_commit(script in commit_script(5)) {
            for commit in &script {
                let mut streams: Vec<_> = commit.appends.iter().map(|append| &append.stream).collect();
                streams.sort();
                streams.dedup();
                prop_assert!(streams.len() == commit.appends.len() && !streams.is_empty());
            }
        }
    }

    #[test]
    fn a_seed_always_gives_the_same() {
        assert_eq!(samples(&json_object(), 7, 20), samples(&json_object(), 7, 20));
        assert_ne!(samples(&json_object(), 7, 20), samples(&json_object(), 8, 20));
    }
}
