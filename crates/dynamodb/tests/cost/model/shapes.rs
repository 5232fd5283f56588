//! What the common commands cost, beside the same events written by one transaction each, and what each event costs
//! once it is committed.

use std::ops::{Add, Mul};

use annals_dynamodb::cost::{
    Consistency, EVENT_TYPE_INDEX, Item, Prices, Units, batch_get, get, item_size, query, refused,
    transactional, write_units,
};

use super::items;

/// Requests and units of a command or of what follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    pub(crate) requests: u64,
    /// Write units of tables.
    pub(crate) table: Units,
    /// Write units of the index.
    pub(crate) index: Units,
    pub(crate) reads: Units,
}

impl Bill {
    pub(crate) fn writes(&self) -> Units {
        self.table + self.index
    }

    /// US dollars for a million of these.
    pub(crate) fn per_million(&self) -> f64 {
        Prices::US_EAST_1.dollars(self.writes(), self.reads, 0) * 1e6
    }
}

impl Add for Bill {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            table: self.table + other.table,
            index: self.index + other.index,
            reads: self.reads + other.reads,
        }
    }
}

impl Mul<u64> for Bill {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self {
            requests: self.requests * times,
            table: self.table * times,
            index: self.index * times,
            reads: self.reads * times,
        }
    }
}

/// A put by itself.
pub(crate) fn put(item: &Item) -> Bill {
    Bill {
        requests: 1,
        table: write_units(item_size(item)),
        index: EVENT_TYPE_INDEX.written(None, Some(item)),
        ..Bill::default()
    }
}

/// Puts in one transaction.
pub(crate) fn transaction<'a>(items: impl IntoIterator<Item = &'a Item>) -> Bill {
    let mut bill = Bill { requests: 1, ..Bill::default() };
    for item in items {
        bill.table += transactional(write_units(item_size(item)));
        bill.index += EVENT_TYPE_INDEX.written(None, Some(item));
    }
    bill
}

fn read(units: Units) -> Bill {
    Bill { requests: 1, reads: units, ..Bill::default() }
}

/// A command: ours, and its events in a transaction each, in the same table.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) ours: Bill,
    pub(crate) apart: Bill,
}

/// A consistent load of 100 events of 100 bytes.
fn load() -> Bill {
    let small = item_size(&items::event(100, 0));
    read(query([small; 100], Consistency::Strong))
}

/// The common commands.
pub(crate) fn shapes() -> Vec<Shape> {
    let event = &items::event(300, items::METADATA);
    let marker = &items::marker();
    let nothing = read(get(None, Consistency::Strong));
    let found = read(get(Some(item_size(event)), Consistency::Strong));
    let events = |count| transaction(vec![event; count]);
    let alone = events(1);
    let shape = |name, ours, apart| Shape { name, ours, apart };
    vec![
        shape("one event, its state read before", put(event), alone),
        shape("3 events", events(3), alone * 3),
        shape("10 events", events(10), alone * 10),
        shape("2 streams, an event each", events(2), alone * 2),
        shape(
            "`once`, one event",
            nothing + transaction([event, marker]),
            nothing + alone + transaction([marker]),
        ),
        shape("`Exact(n)`, not read before", found + put(event), found + alone),
        shape("`Any` or `Exists`", nothing + found + transaction([event, marker]), found + alone),
        shape(
            "the same commit again",
            Bill { requests: 1, table: refused(Some(item_size(event))), ..Bill::default() },
            Bill { requests: 1, table: transactional(refused(Some(item_size(event)))), ..Bill::default() },
        ),
        shape("load of 100 events of 100 bytes", load(), load()),
        shape("a whole command on such a stream, state kept", put(event), load() + alone),
        shape("nothing to do, state kept", read(query([], Consistency::Strong)), load()),
    ]
}

/// Something that is done for several events or rows at once.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) among: u64,
    pub(crate) bill: Bill,
}

impl Shared {
    /// US dollars for a million events or rows.
    pub(crate) fn per_million(&self) -> f64 {
        self.bill.per_million() / Units::whole(self.among).as_f64()
    }
}

/// Putting a batch of so many events into the feed.
pub(crate) fn indexing(events: usize) -> Shared {
    let bill = Bill { requests: 1, table: write_units(item_size(&items::batch(events))), ..Bill::default() };
    Shared { name: format!("feed: a batch of {events}"), among: events as u64, bill }
}

/// What is done for events once they are committed.
pub(crate) fn afterwards() -> Vec<Shared> {
    let event = item_size(&items::event(300, items::METADATA));
    let batch = read(query([item_size(&items::batch(100))], Consistency::Strong));
    let one_by_one = read(batch_get([Some(event); 100], Consistency::Eventual));
    let in_a_row = read(query([event; 100], Consistency::Eventual));
    let row = Bill { requests: 1, table: write_units(item_size(&items::row(300))), ..Bill::default() };
    let entry = Bill { requests: 1, table: write_units(item_size(&items::index_entry())), ..Bill::default() };
    let page = read(get(Some(item_size(&items::checkpoint())), Consistency::Strong))
        + read(get(Some(item_size(&items::lease())), Consistency::Strong))
        + transaction([&items::checkpoint(), &items::lease()]);
    let peer =
        read(query([item_size(&items::row(300))], Consistency::Eventual)) + transaction([&items::row(300)]);
    let shared = |name: &str, among, bill| Shared { name: name.to_owned(), among, bill };
    let mut afterwards: Vec<Shared> = [1, 10, 15, 16, 100, 1_000].map(indexing).into();
    afterwards.extend([
        shared("follower, another process: 100 events of 100 streams", 100, batch + one_by_one),
        shared("follower, another process: 100 events of one stream", 100, batch + in_a_row),
        shared("view: a row, by itself", 1, row),
        shared("view: a row and an index entry that changes", 1, row + entry * 2),
        shared("view: a page of 1 row", 1, row + page),
        shared("view: a page of 100 rows", 100, row * 100 + page),
        shared("a peer's view: a row for each event", 1, peer),
    ]);
    afterwards
}
