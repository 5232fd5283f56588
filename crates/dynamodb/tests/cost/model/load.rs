//! A skewed load of the reference domain: orders with their payments and processes are new streams, stock and accounts
//! are old ones, and both SKUs and accounts are chosen by Zipf's law (s = 1: the second is chosen half as often as the
//! first, the third a third as often). Seeded: the same load each time.

/// What a stream is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Category {
    Order,
    Payment,
    Fulfilment,
    Inventory,
    Account,
}

/// A type of event, and how a command comes to it.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) category: Category,
    /// How many of these an order brings with it.
    pub(crate) per_order: u32,
    /// Sent by a process, and so committed with a marker.
    pub(crate) once: bool,
}

const fn kind(name: &'static str, category: Category, per_order: u32, once: bool) -> Kind {
    Kind { name, category, per_order, once }
}

/// What an order of two items brings with it: 15 events.
pub(crate) static KINDS: [Kind; 13] = [
    kind("OrderCreated", Category::Order, 1, false),
    kind("OrderConfirmed", Category::Order, 1, false),
    kind("OrderPaid", Category::Order, 1, true),
    kind("OrderShipped", Category::Order, 1, false),
    kind("OrderDelivered", Category::Order, 1, false),
    kind("PaymentRequested", Category::Payment, 1, true),
    kind("PaymentProcessed", Category::Payment, 1, false),
    kind("FulfilmentStarted", Category::Fulfilment, 1, false),
    kind("FulfilmentReserved", Category::Fulfilment, 1, false),
    kind("FulfilmentCompleted", Category::Fulfilment, 1, false),
    kind("InventoryReserved", Category::Inventory, 2, true),
    kind("InventoryAllocated", Category::Inventory, 2, true),
    kind("MoneyDeposited", Category::Account, 1, false),
];

/// An event: the place of its type in [`KINDS`], and the number in its stream's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) kind: usize,
    pub(crate) id: u64,
}

/// How many SKUs there are.
pub(crate) const SKUS: u64 = 10_000;

/// Events without end.
pub(crate) struct Source {
    random: u64,
    orders: u64,
    skus: Zipf,
    accounts: Zipf,
    customers: Zipf,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self {
            random: 4,
            orders: 20_000,
            skus: Zipf::new(SKUS),
            accounts: Zipf::new(100_000),
            customers: Zipf::new(100_000),
        }
    }

    /// Who placed an order.
    pub(crate) fn customer(&self, order: u64) -> u64 {
        self.customers.choose(mixed(order))
    }

    fn random(&mut self) -> u64 {
        self.random += 1;
        mixed(self.random)
    }

    fn recent_order(&mut self) -> u64 {
        self.orders - 1 - self.random() % 20_000
    }
}

impl Iterator for Source {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let per_order: u32 = KINDS.iter().map(|kind| kind.per_order).sum();
        let mut drawn = self.random() % u64::from(per_order);
        let kind = KINDS.iter().position(|kind| {
            let here = drawn < u64::from(kind.per_order);
            drawn = drawn.saturating_sub(u64::from(kind.per_order));
            here
        })?;
        let drawn = self.random();
        let id = match KINDS[kind].category {
            Category::Inventory => self.skus.choose(drawn),
            Category::Account => self.accounts.choose(drawn),
            Category::Order if kind == 0 => {
                self.orders += 1;
                self.orders - 1
            }
            Category::Order | Category::Payment | Category::Fulfilment => self.recent_order(),
        };
        Some(Event { kind, id })
    }
}

/// Zipf's law with s = 1 over so many things, 0 being the one chosen most often.
pub(crate) struct Zipf {
    /// The weights added up.
    sums: Vec<u64>,
}

impl Zipf {
    const FIRST: u64 = 1 << 40;

    pub(crate) fn new(things: u64) -> Self {
        let mut sum = 0;
        let sums = (1..=things).map(|rank| {
            sum += Self::FIRST / rank;
            sum
        });
        Self { sums: sums.collect() }
    }

    fn choose(&self, random: u64) -> u64 {
        let drawn = random % self.sums.last().copied().unwrap_or(1);
        self.sums.partition_point(|sum| *sum <= drawn) as u64
    }

    /// Which share of all choices falls on each.
    pub(crate) fn shares(&self) -> impl Iterator<Item = f64> + '_ {
        let all: f64 = (1..=self.sums.len()).map(|rank| 1.0 / whole(rank)).sum();
        (1..=self.sums.len()).map(move |rank| 1.0 / whole(rank) / all)
    }
}

/// A number that looks like any other, always the same for the same one: in the place of the store's hash.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn whole(count: usize) -> f64 {
    count as f64
}
