//! The figures as tables in Markdown.

use std::fmt::Write as _;

use annals_dynamodb::cost::{
    Consistency, EVENT_TYPE_INDEX, PARTITION_READS, PARTITION_WRITES, Prices, Units, get, item_size,
    read_units, write_units,
};

use super::items;
use super::load::{Category, SKUS, Zipf};
use super::partitions::{Layout, Load, Outcome, Sort, Table, hottest_type_shard};
use super::shapes::{Bill, afterwards, shapes};

/// How large the items are.
pub(crate) fn sizes() -> String {
    let mut table =
        String::from("| item | bytes | write units | read units, consistent |\n|---|---|---|---|\n");
    let event = items::event(300, items::METADATA);
    let entry = EVENT_TYPE_INDEX.entry_size(&event).unwrap_or_default();
    for (name, size) in [
        ("event with 300 bytes of payload and 100 of metadata", item_size(&event)),
        ("its entry in `EventTypeIndex`", entry),
        ("event with 100 bytes of payload", item_size(&items::event(100, 0))),
        ("marker of a commit", item_size(&items::marker())),
        ("batch of the feed with 15 events", item_size(&items::batch(15))),
        ("batch of the feed with 16 events", item_size(&items::batch(16))),
        ("the indexer's state with 40 shards", item_size(&items::state(40))),
        ("row of a view with 300 bytes of JSON, its last version kept", item_size(&items::row(300))),
        ("entry of a view's index", item_size(&items::index_entry())),
        ("a view's checkpoint", item_size(&items::checkpoint())),
        ("lease", item_size(&items::lease())),
    ] {
        let read = read_units(size, Consistency::Strong);
        line(&mut table, &[name.to_owned(), size.to_string(), plain(write_units(size)), plain(read)]);
    }
    table
}

/// What commands cost.
pub(crate) fn commands() -> String {
    let mut table = String::from(
        "| a command | requests | write units and read units | US dollars a million | a transaction for each event: requests | US dollars a million |\n\
         |---|---|---|---|---|---|\n",
    );
    for shape in shapes() {
        line(
            &mut table,
            &[
                shape.name.to_owned(),
                shape.ours.requests.to_string(),
                units(&shape.ours),
                arithmetic(&shape.ours),
                shape.apart.requests.to_string(),
                arithmetic(&shape.apart),
            ],
        );
    }
    table
}

/// What follows a commit costs.
pub(crate) fn after() -> String {
    let mut table = String::from(
        "| what | write units | read units | among | write units each | US dollars a million |\n|---|---|---|---|---|---|\n",
    );
    for shared in afterwards() {
        let among = Units::whole(shared.among).as_f64();
        line(
            &mut table,
            &[
                shared.name.clone(),
                plain(shared.bill.writes()),
                plain(shared.bill.reads),
                shared.among.to_string(),
                format!("{:.3}", shared.bill.writes().as_f64() / among),
                format!("{:.4}", shared.per_million()),
            ],
        );
    }
    table
}

/// The hottest keys.
pub(crate) fn keys(outcome: &Outcome) -> String {
    let mut table = String::from(
        "| keys | how many | the hottest | write units a second | of 1,000 | read units a second | of 3,000 |\n|---|---|---|---|---|---|---|\n",
    );
    let mut hottest: Vec<_> = outcome.hottest().into_iter().collect();
    hottest.sort_by(|(_, (.., one)), (_, (.., other))| outcome.share(*other).total_cmp(&outcome.share(*one)));
    for (sort, (keys, key, load)) in hottest {
        let (writes, reads) = outcome.per_second(load);
        line(
            &mut table,
            &[
                sort.name().to_owned(),
                grouped(keys as u64),
                key.name(),
                format!("{writes:.1}"),
                percent(writes / PARTITION_WRITES.as_f64()),
                format!("{reads:.1}"),
                percent(reads / PARTITION_READS.as_f64()),
            ],
        );
    }
    table
}

/// What a table is asked for costs in an hour, in US dollars.
fn hourly(outcome: &Outcome, table: Table, load: Load) -> f64 {
    let prices = Prices::US_EAST_1;
    let dollars = match table {
        Table::Stream => prices.dollars(Units::ZERO, Units::ZERO, load.reads.in_halves() / 2),
        Table::Events | Table::EventTypeIndex | Table::Feed | Table::Views => {
            prices.dollars(load.writes, load.reads, 0)
        }
    };
    dollars / f64::from(outcome.seconds) * 3_600.0
}

/// What all of it costs in an hour, in US dollars.
pub(crate) fn all_hourly(outcome: &Outcome) -> f64 {
    outcome.tables.iter().map(|(table, load)| hourly(outcome, *table, *load)).sum()
}

/// What whole tables are asked for, and what it costs.
pub(crate) fn totals(outcome: &Outcome) -> String {
    let mut table = String::from(
        "| | write units a second | read units a second | US dollars an hour |\n|---|---|---|---|\n",
    );
    for (of, load) in &outcome.tables {
        let (writes, reads) = outcome.per_second(*load);
        let name = match of {
            Table::Events => "events and markers",
            Table::EventTypeIndex => "`EventTypeIndex`",
            Table::Feed => "feed",
            Table::Views => "views, indexes, checkpoints, leases",
            Table::Stream => "stream: calls of `GetRecords`",
        };
        let hourly = hourly(outcome, *of, *load);
        line(
            &mut table,
            &[name.to_owned(), format!("{writes:.0}"), format!("{reads:.0}"), format!("{hourly:.2}")],
        );
    }
    let all = format!("{:.2}", all_hourly(outcome));
    line(&mut table, &["together".to_owned(), String::new(), String::new(), all]);
    table
}

/// What a store costs by being there: the stream is read again after 250 ms while nothing comes, a follower looks for the
/// next batch every 500 ms, the indexer's state and nine leases are written every 5 s.
pub(crate) fn standing() -> String {
    const MONTH: u64 = 30 * 24 * 3_600;
    let mut table = String::from("| in a month of 30 days | units | US dollars |\n|---|---|---|\n");
    let prices = Prices::US_EAST_1;
    for shards in [4, 40, 400] {
        let calls = shards * 4 * MONTH;
        let name = format!("`GetRecords`: {shards} shards, 4 calls a second each");
        line(
            &mut table,
            &[name, grouped(calls), format!("{:.2}", prices.dollars(Units::ZERO, Units::ZERO, calls))],
        );
    }
    let looks = get(None, Consistency::Strong) * (2 * MONTH);
    let dollars = prices.dollars(Units::ZERO, looks, 0);
    line(
        &mut table,
        &[
            "a following process: 2 looks a second".to_owned(),
            grouped(looks.in_halves() / 2),
            format!("{dollars:.2}"),
        ],
    );
    let state = write_units(item_size(&items::state(4)));
    let writes = (state + write_units(item_size(&items::lease())) * 9) * (MONTH / 5);
    let dollars = prices.dollars(writes, Units::ZERO, 0);
    line(
        &mut table,
        &["the state and nine leases".to_owned(), grouped(writes.in_halves() / 2), format!("{dollars:.2}")],
    );
    table
}

/// What keeping events costs.
pub(crate) fn storage(load: &Outcome) -> String {
    const OVERHEAD: u64 = 100;
    let event = items::event(300, items::METADATA);
    let parts = [
        ("event", item_size(&event) + OVERHEAD),
        ("entry in `EventTypeIndex`", EVENT_TYPE_INDEX.entry_size(&event).unwrap_or_default() + OVERHEAD),
        ("its part of a batch of 100", (item_size(&items::batch(100)) + OVERHEAD).div_ceil(100)),
    ];
    let mut table = String::from("| kept for each event | bytes |\n|---|---|\n");
    for (name, size) in parts {
        line(&mut table, &[name.to_owned(), size.to_string()]);
    }
    let each: u64 = parts.iter().map(|(_, size)| size).sum();
    line(&mut table, &["together".to_owned(), each.to_string()]);
    let day = Units::whole(each * 10_000 * 24 * 3_600).as_f64() / f64::from(1 << 30);
    let dollars = (day * Prices::US_EAST_1.gigabyte_month).round();
    let hourly = (all_hourly(load) * 100.0).round() / 100.0;
    let (year, month) = (dollars * 365.0, hourly * 24.0 * 30.0);
    // Writing to a string cannot fail.
    let _ = write!(
        table,
        "\nA day at 10,000 events a second: {each} bytes × 864,000,000 events = {day:.0} GB. Each such day costs {day:.0} × {} = \
         {dollars:.0} US dollars\nfor every month that it is kept: after a year 365 × {dollars:.0} = {year:.0} a month, while the load \
         below costs {:.2} × 24 × 30 = {month:.0}.\n",
        Prices::US_EAST_1.gigabyte_month,
        hourly,
    );
    table
}

/// How many shards a type needs.
pub(crate) fn type_shards() -> String {
    let mut table = String::from(
        "| events a second of one type | shards | the hottest when streams are even | the hottest when they are 10,000 SKUs by Zipf's law |\n|---|---|---|---|\n",
    );
    let skus = Zipf::new(SKUS);
    for (rate, shards) in [(5_000, 8), (5_000, 16), (5_000, 32), (50_000, 8), (50_000, 64)] {
        let (even, skewed) = hottest_type_shard(rate, shards, &skus);
        line(
            &mut table,
            &[rate.to_string(), shards.to_string(), format!("{even:.0}"), format!("{skewed:.0}")],
        );
    }
    table
}

/// How a layout is called.
pub(crate) fn layout(layout: Layout) -> String {
    let Layout { feed_parts, type_shards, view_shards, streams_per_sku } = layout;
    let stock = if streams_per_sku == 1 {
        "one stream a SKU".to_owned()
    } else {
        format!("{streams_per_sku} streams a SKU")
    };
    format!("{feed_parts} feed parts, {type_shards} type shards, {view_shards} view shards, {stock}")
}

impl Sort {
    fn name(self) -> &'static str {
        match self {
            Self::Streams(Category::Order) => "events: orders",
            Self::Streams(Category::Payment) => "events: payments",
            Self::Streams(Category::Fulfilment) => "events: processes",
            Self::Streams(Category::Inventory) => "events: stock",
            Self::Streams(Category::Account) => "events: accounts",
            Self::TypeShards => "`EventTypeIndex`",
            Self::FeedParts => "feed: parts",
            Self::FeedState => "feed: the indexer's state",
            Self::Leases => "views: leases",
            Self::Checkpoints => "views: checkpoints",
            Self::Rows => "views: rows",
            Self::Entries => "views: index entries",
        }
    }
}

fn line<const N: usize>(table: &mut String, cells: &[String; N]) {
    // Writing to a string cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

/// A count with its thousands apart.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn plain(units: Units) -> String {
    format!("{}", units.as_f64())
}

fn units(bill: &Bill) -> String {
    let mut parts = Vec::new();
    if bill.table != Units::ZERO {
        parts.push(format!("{} table", plain(bill.table)));
    }
    if bill.index != Units::ZERO {
        parts.push(format!("{} index", plain(bill.index)));
    }
    if bill.reads != Units::ZERO {
        parts.push(format!("{} read", plain(bill.reads)));
    }
    parts.join(", ")
}

fn arithmetic(bill: &Bill) -> String {
    let prices = Prices::US_EAST_1;
    let mut terms = Vec::new();
    if bill.writes() != Units::ZERO {
        terms.push(format!("{} × {}", plain(bill.writes()), prices.million_writes));
    }
    if bill.reads != Units::ZERO {
        terms.push(format!("{} × {}", plain(bill.reads), prices.million_reads));
    }
    format!("{} = {:.3}", terms.join(" + "), bill.per_million())
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
