//! Where the simulated load meets DynamoDB's limits: nothing of ours at 10,000 events a second.

use annals_dynamodb::cost::{TABLE_QUOTA, Units, item_size};

use crate::model::load::{Category, SKUS, Zipf};
use crate::model::partitions::{Key, Layout, Outcome, Sort, Table, hottest_type_shard, simulate};
use crate::model::{items, shapes};

/// Shares of the limits of our own keys: all but users' streams.
fn ours(outcome: &Outcome) -> Vec<(Key, f64)> {
    let hottest = outcome.hottest().into_iter().filter(|(sort, _)| !matches!(sort, Sort::Streams(_)));
    hottest.map(|(_, (_, key, load))| (key, outcome.share(load))).collect()
}

#[test]
fn no_key_of_ours_is_above_its_limit_at_ten_thousand_events_a_second() {
    let outcome = simulate(10_000, 10, Layout::DEFAULT);
    let ours = ours(&outcome);
    for sort in [
        Sort::FeedParts,
        Sort::FeedState,
        Sort::TypeShards,
        Sort::Leases,
        Sort::Checkpoints,
        Sort::Rows,
        Sort::Entries,
    ] {
        assert!(ours.iter().any(|(key, _)| key.sort() == sort), "{sort:?} is not in the model");
    }
    for (key, share) in ours {
        assert!(share < 1.0, "{} is at {share:.2} of its limit", key.name());
    }
    for (table, load) in &outcome.tables {
        let (writes, reads) = outcome.per_second(*load);
        assert!(
            *table == Table::Stream || writes < TABLE_QUOTA.as_f64(),
            "{table:?} writes {writes:.0} units a second"
        );
        // Followers' reads of events are the first to need a higher quota; the page says so.
        assert!(
            *table == Table::Events || reads < TABLE_QUOTA.as_f64(),
            "{table:?} reads {reads:.0} units a second"
        );
    }
}

#[test]
fn the_hottest_key_of_users_is_one_sku() {
    let outcome = simulate(10_000, 10, Layout::DEFAULT);
    let users = outcome.hottest().into_iter().filter(|(sort, _)| matches!(sort, Sort::Streams(_)));
    let hottest =
        users.map(|(_, (_, key, load))| (key, outcome.share(load))).max_by(|a, b| a.1.total_cmp(&b.1));
    assert_eq!(hottest.map(|(key, _)| key), Some(Key::Stream(Category::Inventory, 0)));
}

#[test]
fn a_hundred_thousand_events_a_second_take_more_parts_and_shards() {
    let outcome = simulate(100_000, 2, Layout::DEFAULT);
    let above = |sort| ours(&outcome).into_iter().any(|(key, share)| key.sort() == sort && share > 1.0);
    for sort in [Sort::FeedParts, Sort::TypeShards, Sort::Rows, Sort::Entries] {
        assert!(above(sort), "{sort:?} would do as it is");
    }
    let spread = simulate(100_000, 2, Layout::LARGE);
    for (_, key, load) in spread.hottest().into_values() {
        let share = spread.share(load);
        assert!(share < 1.0, "{} is at {share:.2} of its limit", key.name());
    }
}

#[test]
fn eight_shards_carry_a_type_of_five_thousand_events_a_second_when_its_streams_are_even() {
    let skus = Zipf::new(SKUS);
    let (even, skewed) = hottest_type_shard(5_000, 8, &skus);
    assert!((even - 625.0).abs() < 1e-9);
    assert!(skewed > 1_000.0, "{skewed}: the page says that hot streams need more than 8 shards");
    assert!(hottest_type_shard(5_000, 32, &skus).1 < 1_000.0);
    let (even, skewed) = hottest_type_shard(50_000, 64, &skus);
    assert!(
        even < 1_000.0 && skewed > 1_000.0,
        "{skewed}: the page says that shards do not help against one hot stream"
    );
}

/// The design's promise: at most 0.15 write units an event at 10 or more events a batch and ids of 40 characters.
#[test]
fn the_feed_takes_at_most_fifteen_hundredths_of_a_unit_an_event() {
    for events in 10..=1_024 {
        let batch = shapes::indexing(events);
        let each = batch.bill.writes().as_f64() / Units::whole(batch.among).as_f64();
        assert!(each <= 0.15, "{each} at {events} events");
    }
    assert!(item_size(&items::batch(1_024)) < 300 * 1_024);
}

#[test]
fn the_indexers_state_fits_into_an_item() {
    assert!(item_size(&items::state(2_000)) < 400 * 1_024);
}

#[test]
fn a_command_on_a_kept_state_takes_less_than_half_of_load_and_transaction() {
    let shapes = shapes::shapes();
    let command =
        shapes.iter().find(|shape| shape.name.starts_with("a whole command")).expect("the shape is there");
    let all = |bill: &shapes::Bill| (bill.writes() + bill.reads).as_f64();
    assert!(all(&command.ours) * 2.0 <= all(&command.apart));
    assert!(command.ours.per_million() * 2.0 <= command.apart.per_million());
    let one = &shapes[0];
    assert_eq!((one.ours.requests, one.ours.table, one.ours.index), (1, Units::whole(1), Units::whole(1)));
}
