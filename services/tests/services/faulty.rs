//! Each fault of the faulty endpoint shows, is counted, and does what it says to the store behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use annals_services::{Answer, Engine, Fault, FaultyEndpoint, PrivateDynamoDb, Requests, private_dynamodb};
use serde_json::{Value, json};

use crate::AGES;
use crate::requests::{Dynamo, an_item, key_of};

const TABLE: &str = "struck";

/// A store of a test's own with one table, reached directly and through faults.
struct Struck {
    faulty: FaultyEndpoint,
    through: Dynamo,
    direct: Dynamo,
    _server: PrivateDynamoDb,
}

impl Struck {
    async fn new(seed: u64) -> Self {
        let server = private_dynamodb(Engine::Embedded).await;
        let faulty = FaultyEndpoint::to(server.endpoint(), seed).await;
        let (through, direct) = (Dynamo::at(faulty.endpoint()), Dynamo::at(server.endpoint()));
        through.make_table(TABLE).await;
        Self { faulty, through, direct, _server: server }
    }

    async fn has(&self, item: &str, number: u32) -> bool {
        self.direct.has(TABLE, item, number).await
    }

    async fn until_there(&self, item: &str, number: u32) {
        let begun = Instant::now();
        while !self.has(item, number).await {
            assert!(begun.elapsed() < AGES, "{item} {number} has not been written");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_before_is_not_written_and_what_is_lost_after_is() {
    let struck = Struck::new(1).await;
    struck.faulty.silence(Duration::from_millis(50));
    let faults = [
        (Fault::Throttled, Some(400), false),
        (Fault::Conflicting, Some(400), false),
        (Fault::LostBefore, None, false),
        (Fault::FailedBefore, Some(500), false),
        (Fault::LostAfter, None, true),
        (Fault::FailedAfter, Some(500), true),
        (Fault::Unanswered, None, true),
    ];
    for (number, (fault, status, written)) in (1..).zip(faults) {
        struck.faulty.set(fault, 1.0);
        let said = struck.through.put(TABLE, "a", number).await;
        assert_eq!(said.as_ref().map(|said| said.status), status, "{fault:?}: {said:?}");
        struck.faulty.set_all(0.0);
        assert_eq!(struck.has("a", number).await, written, "{fault:?}");
        assert_eq!(struck.faulty.faults(fault), 1, "{fault:?}");
    }
    assert_eq!(struck.faulty.forwarded("PutItem"), 3);
    assert_eq!(struck.through.put(TABLE, "a", 9).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_in_the_forms_that_dynamodb_has_for_them() {
    let struck = Struck::new(2).await;
    let write = |number: u32| json!({"Put": {"TableName": TABLE, "Item": an_item("t", number)}});
    let transaction = json!({"TransactItems": [write(1), write(2), write(3)]});
    let mut seen = BTreeMap::<Fault, BTreeSet<String>>::new();
    for fault in [Fault::Throttled, Fault::Conflicting] {
        struck.faulty.set(fault, 1.0);
        for number in 0..20 {
            let said = struck.through.put(TABLE, "a", number).await.unwrap();
            seen.entry(fault).or_default().insert(said.error().to_owned());
            let said = struck.through.ask("TransactWriteItems", &transaction).await.unwrap();
            seen.entry(fault).or_default().insert(said.error().to_owned());
            if said.error() == "TransactionCanceledException" {
                let reasons = said.body["CancellationReasons"].as_array().unwrap();
                assert_eq!(reasons.len(), 3);
                let to_blame = reasons.iter().filter(|reason| reason["Code"] != "None");
                assert!(to_blame.clone().count() > 0);
                let conflict = |reason: &Value| reason["Code"] == "TransactionConflict";
                assert!(to_blame.clone().all(|reason| conflict(reason) == (fault == Fault::Conflicting)));
            }
        }
        struck.faulty.set(fault, 0.0);
    }
    let throttled: Vec<_> = seen[&Fault::Throttled].iter().map(String::as_str).collect();
    let ways = [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionCanceledException",
    ];
    assert_eq!(throttled, ways);
    let conflicts: Vec<_> = seen[&Fault::Conflicting].iter().map(String::as_str).collect();
    assert_eq!(conflicts, ["TransactionCanceledException", "TransactionConflictException"]);
    assert!(!struck.has("t", 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_processed_in_part_and_say_what_is_left() {
    let struck = Struck::new(3).await;
    struck.faulty.set(Fault::Partial, 0.8);
    let writes: Vec<Value> =
        (0..25).map(|number| json!({"PutRequest": {"Item": an_item("a", number)}})).collect();
    let mut left = json!({TABLE: writes});
    while left.as_object().is_some_and(|left| !left.is_empty()) {
        let said = struck.through.ask("BatchWriteItem", &json!({"RequestItems": left})).await.unwrap();
        assert_eq!(said.status, 200, "{}", said.body);
        left = said.body["UnprocessedItems"].clone();
    }
    let written = struck.faulty.faults(Fault::Partial);
    assert!(written > 0);
    let keys: Vec<Value> = (0..25).map(|number| key_of("a", number)).collect();
    let mut left = json!({TABLE: {"Keys": keys, "ConsistentRead": true}});
    let mut found = BTreeSet::new();
    while left.as_object().is_some_and(|left| !left.is_empty()) {
        let said = struck.through.ask("BatchGetItem", &json!({"RequestItems": left})).await.unwrap();
        left = said.body["UnprocessedKeys"].clone();
        let is_changed = left.as_object().is_some_and(|left| !left.is_empty());
        assert_eq!(
            said.headers.contains_key("x-amz-crc32"),
            !is_changed,
            "the checksum goes with the change"
        );
        for item in said.body["Responses"][TABLE].as_array().unwrap() {
            assert!(found.insert(item["Number"]["N"].as_str().unwrap().to_owned()), "once each");
        }
    }
    assert_eq!(found.len(), 25);
    assert!(struck.faulty.faults(Fault::Partial) > written);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_end_early_and_say_where_they_go_on() {
    let struck = Struck::new(4).await;
    for number in 0..30 {
        struck.direct.put(TABLE, "a", number).await.unwrap();
    }
    struck.faulty.set(Fault::ShortPage, 1.0);
    let values = json!({":a": {"S": "a"}});
    let of_a = json!({"TableName": TABLE, "KeyConditionExpression": "#i = :a", "Limit": 20,
        "ExpressionAttributeNames": {"#i": "Item"}, "ExpressionAttributeValues": values});
    for (operation, request) in [("Query", of_a), ("Scan", json!({"TableName": TABLE}))] {
        let (mut count, mut pages, mut request) = (0, 0, request);
        loop {
            let said = struck.through.call(operation, request.clone()).await;
            count += said["Items"].as_array().unwrap().len();
            pages += 1;
            let Some(last) = said.get("LastEvaluatedKey") else { break };
            request["ExclusiveStartKey"] = last.clone();
        }
        assert_eq!(count, 30, "{operation}");
        assert!(pages > 3, "{operation}: {pages} pages");
    }
    assert!(struck.faulty.faults(Fault::ShortPage) > 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_stirred_as_far_as_the_promise_allows() {
    let struck = Struck::new(5).await;
    let iterator = struck.direct.first_iterator(TABLE).await;
    // Each item changes five times, in turns.
    for round in 0..5 {
        for number in 0..10 {
            let mut item = an_item("a", number);
            item["Round"] = json!({"N": round.to_string()});
            struck.direct.call("PutItem", json!({"TableName": TABLE, "Item": item})).await;
        }
    }
    for (fault, rate) in [(Fault::Shuffled, 1.0), (Fault::Repeated, 1.0), (Fault::Delayed, 0.5)] {
        struck.faulty.set(fault, rate);
        let (mut iterator, mut seen) = (iterator.clone(), Vec::new());
        let begun = Instant::now();
        while seen.iter().collect::<BTreeSet<_>>().len() < 50 {
            assert!(begun.elapsed() < AGES, "{fault:?}: not all changes came");
            let said =
                struck.through.call("GetRecords", json!({"ShardIterator": iterator, "Limit": 17})).await;
            for record in said["Records"].as_array().unwrap() {
                let image = &record["dynamodb"]["NewImage"];
                let number = |name: &str| image[name]["N"].as_str().unwrap().parse::<u32>().unwrap();
                seen.push((number("Number"), number("Round")));
            }
            said["NextShardIterator"].as_str().unwrap().clone_into(&mut iterator);
        }
        assert!(struck.faulty.faults(fault) > 1, "{fault:?}");
        assert_eq!(seen.len() > 50, fault == Fault::Repeated, "{fault:?}");
        let mut first_times = BTreeMap::<u32, Vec<u32>>::new();
        for (number, round) in seen {
            let rounds = first_times.entry(number).or_default();
            if !rounds.contains(&round) {
                rounds.push(round);
            }
        }
        assert!(first_times.values().all(|rounds| rounds.is_sorted()), "{fault:?}: the order of each item");
        struck.faulty.set(fault, 0.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_followed_in_its_order() {
    let struck = Struck::new(6).await;
    let refusals = [
        (Answer::access_denied(), "AccessDeniedException"),
        (Answer::unrecognized_client(), "UnrecognizedClientException"),
        (Answer::wrong_signature(), "InvalidSignatureException"),
        (Answer::signature_expired(), "InvalidSignatureException"),
        (Answer::expired_token(), "ExpiredTokenException"),
        (Answer::missing_token(), "MissingAuthenticationTokenException"),
        (Answer::resource_not_found(), "ResourceNotFoundException"),
        (Answer::limit_exceeded(), "LimitExceededException"),
        (Answer::collection_too_large(), "ItemCollectionSizeLimitExceededException"),
        (Answer::trimmed(), "TrimmedDataAccessException"),
        (Answer::expired_iterator(), "ExpiredIteratorException"),
    ];
    for (answer, _) in &refusals {
        struck.faulty.script("PutItem", answer.clone());
    }
    for (number, (_, name)) in (0..).zip(&refusals) {
        assert!(!struck.through.has(TABLE, "a", number).await, "other requests pass");
        assert_eq!(struck.through.put(TABLE, "a", number).await.unwrap().error(), *name);
    }
    assert_eq!(struck.through.put(TABLE, "a", 1).await.unwrap().status, 200);
    struck.faulty.script_times(Requests::all().with("needle"), Answer::unavailable(), 2);
    for expected in [503, 503, 200] {
        assert_eq!(struck.through.put(TABLE, "needle", 1).await.unwrap().status, expected);
    }
    struck.faulty.script_times(Requests::all(), Answer::new(403, "no JSON"), usize::MAX);
    assert_eq!(struck.through.put(TABLE, "a", 1).await.unwrap().status, 403);
    struck.faulty.clear_script();
    assert_eq!(struck.through.put(TABLE, "a", 1).await.unwrap().status, 200);
    assert_eq!(struck.faulty.counts().scripted, 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_requests_wait_for_their_verdict() {
    let struck = Struck::new(7).await;
    let put = |item: &'static str| {
        let through = struck.through.clone();
        tokio::spawn(async move { through.put(TABLE, item, 1).await })
    };
    let hold = struck.faulty.hold(Requests::to("PutItem").with("held"));
    let held = put("held");
    hold.until_waiting(1).await;
    assert_eq!(put("free").await.unwrap().unwrap().status, 200);
    assert!(!struck.has("held", 1).await);
    hold.release();
    assert_eq!(held.await.unwrap().unwrap().status, 200);
    assert!(struck.has("held", 1).await);

    let hold = struck.faulty.hold("PutItem");
    let discarded = put("discarded");
    hold.until_waiting(1).await;
    hold.discard();
    assert!(discarded.await.unwrap().is_none());
    assert!(!struck.has("discarded", 1).await);

    let hold = struck.faulty.hold("PutItem");
    let late = put("late");
    hold.until_waiting(1).await;
    late.abort();
    assert!(late.await.is_err());
    assert_eq!(hold.waiting(), 1, "its client has given it up");
    drop(hold);
    struck.until_there("late", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_lost_on_demand_and_an_endpoint_goes_away() {
    let struck = Struck::new(8).await;
    struck.faulty.lose_answer_to("needle");
    assert_eq!(struck.through.put(TABLE, "hay", 1).await.unwrap().status, 200);
    assert!(struck.through.put(TABLE, "needle", 1).await.is_none());
    assert!(struck.has("needle", 1).await);
    assert_eq!(struck.through.put(TABLE, "needle", 1).await.unwrap().status, 200);

    let hold = struck.faulty.hold("PutItem");
    let under_way = tokio::spawn({
        let through = struck.through.clone();
        async move { through.put(TABLE, "late", 1).await }
    });
    hold.until_waiting(1).await;
    struck.faulty.refuse(true);
    assert!(under_way.await.unwrap().is_none(), "open connections are closed");
    assert!(struck.through.put(TABLE, "away", 1).await.is_none(), "and new ones");
    drop(hold);
    struck.faulty.refuse(false);
    assert_eq!(struck.through.put(TABLE, "back", 1).await.unwrap().status, 200);
    assert!(!struck.has("away", 1).await);
    let counts = struck.faulty.counts();
    assert_eq!((counts.lost, counts.refused), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_brings_the_same_faults_to_the_same_requests() {
    let mut histories = Vec::new();
    for _ in 0..2 {
        let struck = Struck::new(9).await;
        struck.faulty.silence(Duration::from_millis(1));
        struck.faulty.set_all(0.1);
        struck.faulty.strike_only("PutItem");
        let mut history = Vec::new();
        for number in 0..100 {
            let said = struck.through.put(TABLE, "a", number).await;
            history.push(said.map(|said| (said.status, said.error().to_owned())));
            assert!(struck.through.ask("ListTables", &json!({})).await.is_some(), "it is not struck");
        }
        histories.push((history, struck.faulty.counts()));
    }
    assert_eq!(histories[0], histories[1]);
    assert_eq!(histories[0].1.faults.len(), 7, "{:?}", histories[0].1);
}
