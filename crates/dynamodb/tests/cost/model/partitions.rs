//! A simulation of what each partition key of each table and index is asked for in a second, to be held against what
//! DynamoDB gives one key: 1,000 write units and 3,000 read units.
//!
//! The load runs in rounds of 50 ms, in which the indexer reads the stream and puts batches; five rounds are a page of
//! each view. One process holds the feed; the others read its batches and fetch the events one by one. Each event of a
//! stream that many use costs a read of what is new there; refused attempts and users' own queries are not modelled.

use std::collections::{BTreeMap, HashMap};

use annals_dynamodb::cost::{
    Consistency, EVENT_TYPE_INDEX, PARTITION_READS, PARTITION_WRITES, Units, item_size, read_units,
    transactional, write_units,
};

use super::items;
use super::load::{Category, Event, KINDS, SKUS, Source, Zipf, mixed};
use super::views::VIEWS;

/// Rounds of the indexer in a second: it reads again after 50 ms while there is something to read.
const ROUNDS: u32 = 20;
/// Rounds between two pages of a view.
const PAGE: u32 = 5;
/// Processes that follow the feed besides the indexer's own; those that only commit do not read it.
const FOLLOWERS: u64 = 3;
/// The most events in a batch.
const BATCH: usize = 1_024;
/// Seconds between two writes of the indexer's state, and of each lease: a third of 15 s.
const RENEWAL: u32 = 5;

/// Over how many keys a store spreads what is its own, and its users what is theirs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) feed_parts: u64,
    pub(crate) type_shards: u64,
    pub(crate) view_shards: u64,
    /// Over how many streams users spread the stock of one SKU.
    pub(crate) streams_per_sku: u64,
}

impl Layout {
    /// What a store is created with.
    pub(crate) const DEFAULT: Self =
        Self { feed_parts: 4, type_shards: 8, view_shards: 8, streams_per_sku: 1 };
    /// What 100,000 events/s take.
    pub(crate) const LARGE: Self =
        Self { feed_parts: 8, type_shards: 32, view_shards: 64, streams_per_sku: 16 };
}

/// A partition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Stream(Category, u64),
    TypeShard(usize, u64),
    FeedPart(u64),
    FeedState,
    Rows(usize, u64),
    Entries(usize, &'static str, u64),
    Checkpoints,
    Leases,
}

/// Keys of one sort: whose they are, and in which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Sort {
    Streams(Category),
    TypeShards,
    FeedParts,
    FeedState,
    Leases,
    Checkpoints,
    Rows,
    Entries,
}

impl Key {
    pub(crate) fn sort(self) -> Sort {
        match self {
            Self::Stream(category, _) => Sort::Streams(category),
            Self::TypeShard(..) => Sort::TypeShards,
            Self::FeedPart(_) => Sort::FeedParts,
            Self::FeedState => Sort::FeedState,
            Self::Rows(..) => Sort::Rows,
            Self::Entries(..) => Sort::Entries,
            Self::Checkpoints => Sort::Checkpoints,
            Self::Leases => Sort::Leases,
        }
    }

    /// The key as the table has it; users' streams by what they are.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Stream(Category::Inventory, id) => {
                format!("`inventory-…`, number {} of the SKUs", id % SKUS + 1)
            }
            Self::Stream(Category::Account, id) => format!("`account-…`, number {} of the accounts", id + 1),
            Self::Stream(Category::Order, _) => "`order-…`".to_owned(),
            Self::Stream(Category::Payment, _) => "`payment-…`".to_owned(),
            Self::Stream(Category::Fulfilment, _) => "`fulfilment-…`".to_owned(),
            Self::TypeShard(kind, shard) => format!("`{}#{shard}`", KINDS[kind].name),
            Self::FeedPart(part) => format!("`{part}`"),
            Self::FeedState => "`$state`".to_owned(),
            Self::Rows(view, shard) => format!("`r#{}#1#0#{shard}`", VIEWS[view].name),
            Self::Entries(view, index, shard) => format!("`i#{}#1#0#{index}#{shard}`", VIEWS[view].name),
            Self::Checkpoints => "`$views`".to_owned(),
            Self::Leases => "`$lease`".to_owned(),
        }
    }
}

/// Units asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub(crate) writes: Units,
    pub(crate) reads: Units,
}

/// What a table or index is asked for as a whole; `GetRecords` calls for the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Events,
    EventTypeIndex,
    Feed,
    Views,
    Stream,
}

/// What was asked for over some seconds.
pub(crate) struct Outcome {
    pub(crate) seconds: u32,
    keys: HashMap<Key, Load>,
    pub(crate) tables: BTreeMap<Table, Load>,
}

impl Outcome {
    /// Write and read units a second.
    pub(crate) fn per_second(&self, load: Load) -> (f64, f64) {
        (load.writes.as_f64() / f64::from(self.seconds), load.reads.as_f64() / f64::from(self.seconds))
    }

    /// How near a load is to what one key may be asked for; 1 is the limit.
    pub(crate) fn share(&self, load: Load) -> f64 {
        let (writes, reads) = self.per_second(load);
        (writes / PARTITION_WRITES.as_f64()).max(reads / PARTITION_READS.as_f64())
    }

    /// Of each sort: how many keys there are, the hottest, and its load.
    pub(crate) fn hottest(&self) -> BTreeMap<Sort, (usize, Key, Load)> {
        let mut hottest: BTreeMap<Sort, (usize, Key, Load)> = BTreeMap::new();
        for (key, load) in &self.keys {
            let (keys, hot, most) = hottest.entry(key.sort()).or_insert((0, *key, *load));
            *keys += 1;
            let (here, there) = (self.share(*load), self.share(*most));
            if here > there || (here.total_cmp(&there).is_eq() && key < hot) {
                (*hot, *most) = (*key, *load);
            }
        }
        hottest
    }

    fn add(&mut self, table: Table, key: Option<Key>, writes: Units, reads: Units) {
        let loads = key
            .map(|key| self.keys.entry(key).or_default())
            .into_iter()
            .chain([self.tables.entry(table).or_default()]);
        for load in loads {
            load.writes += writes;
            load.reads += reads;
        }
    }
}

/// Runs the load for some seconds at so many events a second.
pub(crate) fn simulate(rate: u32, seconds: u32, layout: Layout) -> Outcome {
    let mut outcome = Outcome { seconds, keys: HashMap::new(), tables: BTreeMap::new() };
    let run = Run { layout, prices: UnitPrices::new() };
    let mut source = Source::new();
    let mut pages = Pages::default();
    let (mut batches, mut place) = (0, 0);
    for round in 0..seconds * ROUNDS {
        let events: Vec<Event> = source.by_ref().take((rate / ROUNDS) as usize).collect();
        for event in &events {
            place += 1;
            run.committed(&mut outcome, *event, place);
            pages.take(*event, place, &source);
        }
        for batch in events.chunks(BATCH) {
            run.indexed(&mut outcome, batch.len(), batches);
            batches += 1;
        }
        outcome.add(Table::Stream, None, Units::ZERO, Units::whole(u64::from(stream_shards(rate))));
        if (round + 1) % PAGE == 0 {
            run.paged(&mut outcome, std::mem::take(&mut pages));
        }
        if (round + 1) % (RENEWAL * ROUNDS) == 0 {
            run.renewed(&mut outcome, rate);
        }
    }
    outcome
}

/// Shards of the table's stream: one a partition. This load writes 2.2 units an event; with partitions at about half of
/// what they give, that is one for each 250 events a second.
pub(crate) fn stream_shards(rate: u32) -> u32 {
    (rate / 250).max(4)
}

/// What the items of [`items`] take, each worked out once.
struct UnitPrices {
    event: Units,
    event_read: Units,
    event_followed: Units,
    index_entry: Units,
    marker: Units,
    nothing_read: Units,
    row: Units,
    row_read: Units,
    view_entry: Units,
    checkpoint: Units,
    lease: Units,
}

impl UnitPrices {
    fn new() -> Self {
        let event = items::event(300, items::METADATA);
        let size = item_size(&event);
        let row = item_size(&items::row(300));
        Self {
            event: write_units(size),
            event_read: read_units(size, Consistency::Strong),
            event_followed: read_units(size, Consistency::Eventual),
            index_entry: EVENT_TYPE_INDEX.written(None, Some(&event)),
            marker: transactional(write_units(item_size(&items::marker()))),
            nothing_read: read_units(0, Consistency::Strong),
            row: write_units(row),
            row_read: read_units(row, Consistency::Strong),
            view_entry: write_units(item_size(&items::index_entry())),
            checkpoint: transactional(write_units(item_size(&items::checkpoint()))),
            lease: write_units(item_size(&items::lease())),
        }
    }
}

struct Run {
    layout: Layout,
    prices: UnitPrices,
}

impl Run {
    fn committed(&self, outcome: &mut Outcome, event: Event, place: u64) {
        let kind = &KINDS[event.kind];
        let prices = &self.prices;
        let writes = if kind.once { transactional(prices.event) } else { prices.event };
        if kind.once {
            outcome.add(Table::Events, None, prices.marker, prices.nothing_read);
        }
        let shared = matches!(kind.category, Category::Inventory | Category::Account);
        let delta = if shared { prices.event_read } else { Units::ZERO };
        let id = match kind.category {
            Category::Inventory => event.id + SKUS * (place % self.layout.streams_per_sku),
            _ => event.id,
        };
        let stream = Key::Stream(kind.category, id);
        outcome.add(Table::Events, Some(stream), writes, delta + prices.event_followed * FOLLOWERS);
        let shard = mixed(id ^ ((kind.category as u64) << 48)) % self.layout.type_shards;
        let shard = Key::TypeShard(event.kind, shard);
        outcome.add(Table::EventTypeIndex, Some(shard), prices.index_entry, Units::ZERO);
    }

    fn indexed(&self, outcome: &mut Outcome, events: usize, batch: u64) {
        let size = item_size(&items::batch(events));
        let part = Key::FeedPart(batch % self.layout.feed_parts);
        let followers = read_units(size, Consistency::Strong) * FOLLOWERS;
        outcome.add(Table::Feed, Some(part), write_units(size), followers);
    }

    fn renewed(&self, outcome: &mut Outcome, rate: u32) {
        let state = write_units(item_size(&items::state(stream_shards(rate) as usize)));
        outcome.add(Table::Feed, Some(Key::FeedState), state, Units::ZERO);
        let leases = self.prices.lease * (VIEWS.len() as u64 + 1);
        outcome.add(Table::Views, Some(Key::Leases), leases, Units::ZERO);
    }

    fn paged(&self, outcome: &mut Outcome, pages: Pages) {
        let prices = &self.prices;
        let mut changed = [false; VIEWS.len()];
        for ((number, row), comes) in pages.rows {
            changed[number] = true;
            let view = &VIEWS[number];
            let shard = mixed(row) % self.layout.view_shards;
            let read = if comes { Units::ZERO } else { prices.row_read };
            outcome.add(Table::Views, Some(Key::Rows(number, shard)), prices.row, read);
            for index in view.fixed.iter().filter(|_| comes) {
                outcome.add(
                    Table::Views,
                    Some(Key::Entries(number, index, shard)),
                    prices.view_entry,
                    Units::ZERO,
                );
            }
            for index in view.changing {
                let writes = prices.view_entry * if comes { 1 } else { 2 };
                outcome.add(Table::Views, Some(Key::Entries(number, index, shard)), writes, Units::ZERO);
            }
        }
        for _ in changed.into_iter().filter(|changed| *changed) {
            let (checkpoint, lease) = (prices.checkpoint, transactional(prices.lease));
            outcome.add(Table::Views, Some(Key::Checkpoints), checkpoint, prices.nothing_read);
            outcome.add(Table::Views, Some(Key::Leases), lease, prices.nothing_read);
        }
    }
}

/// The rows that the next page of each view changes, each once, and whether the row comes with it.
#[derive(Default)]
struct Pages {
    rows: BTreeMap<(usize, u64), bool>,
}

impl Pages {
    fn take(&mut self, event: Event, place: u64, source: &Source) {
        for (number, view) in VIEWS.iter().enumerate() {
            if let Some((row, comes)) = view.row(event, place, source) {
                *self.rows.entry((number, row)).or_default() |= comes;
            }
        }
    }
}

/// What the hottest shard of one type is asked for in a second when its events come at `rate`: spread evenly over many
/// streams, and over `skus` by Zipf's law.
pub(crate) fn hottest_type_shard(rate: u32, shards: u32, skus: &Zipf) -> (f64, f64) {
    let mut skewed = vec![0.0; shards as usize];
    for (sku, share) in (0..).zip(skus.shares()) {
        let shard = mixed(sku ^ ((Category::Inventory as u64) << 48)) % u64::from(shards);
        skewed[usize::try_from(shard).unwrap_or_default()] += share * f64::from(rate);
    }
    (f64::from(rate) / f64::from(shards), skewed.into_iter().fold(0.0, f64::max))
}
