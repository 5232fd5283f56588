//! What DynamoDB bills: sizes, request units and prices, by AWS's published rules, each rule with the title of its page.
//!
//! Pure: no I/O, nothing is asked of a server. DynamoDB Local's own figures are right only for single items outside
//! transactions, so what is measured and promised here rests on these rules. Bytes are `u64`, a KB is 1,024 bytes.
//! AWS calls its rule for numbers approximate; the others are taken as exact.

use std::collections::HashMap;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

use aws_sdk_dynamodb::types::AttributeValue;

/// An item, as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// What a partition gives in a second, and so the most that one partition key can be written: 1,000 write units
/// ("Best practices for designing and using partition keys effectively in DynamoDB").
pub const PARTITION_WRITES: Units = Units::whole(1_000);
/// What a partition gives in a second, and so the most that one partition key can be read: 3,000 read units (same page).
pub const PARTITION_READS: Units = Units::whole(3_000);
/// What a table, and each index for itself, may write or read in a second unless the quota was raised ("Quotas in
/// Amazon DynamoDB": 40,000 read request units and 40,000 write request units per table).
pub const TABLE_QUOTA: Units = Units::whole(40_000);
/// What a new on-demand table can write at once ("Understanding DynamoDB warm throughput in different scenarios").
pub const NEW_TABLE_WRITES: Units = Units::whole(4_000);

const WRITE_UNIT: u64 = 1_024;
const READ_UNIT: u64 = 4 * 1_024;

/// Request units: whole ones for writes, halves for reads that may be stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(u64);

impl Units {
    /// No unit.
    pub const ZERO: Self = Self(0);

    /// So many units.
    pub const fn whole(units: u64) -> Self {
        Self(units * 2)
    }

    /// So many half units.
    pub const fn halves(halves: u64) -> Self {
        Self(halves)
    }

    /// How many half units these are: what a counter adds up.
    pub const fn in_halves(self) -> u64 {
        self.0
    }

    /// How many units these are.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^52 units, 2.8 billion dollars")]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64 / 2.0
    }
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<u64> for Units {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0 * times)
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Self>>(units: I) -> Self {
        units.fold(Self::ZERO, Add::add)
    }
}

/// The size of an item: that of its attributes ("DynamoDB item sizes and formats"). An item may have 400 KB. The 100
/// bytes of overhead an item are billed as storage only.
pub fn item_size(item: &Item) -> u64 {
    item.iter().map(|(name, value)| attribute_size(name, value)).sum()
}

/// The size of an attribute: its name in UTF-8 and its value (same page).
pub fn attribute_size(name: &str, value: &AttributeValue) -> u64 {
    bytes(name.len()) + value_size(value)
}

/// The size of a value (same page): strings in UTF-8, raw bytes, [`number_size`], 1 for null and Booleans, 3 for a
/// list or map and 1 for each element besides its name and value. The page does not speak of sets: the sum of what they
/// hold.
pub fn value_size(value: &AttributeValue) -> u64 {
    match value {
        AttributeValue::S(text) => bytes(text.len()),
        AttributeValue::N(number) => number_size(number),
        AttributeValue::B(blob) => bytes(blob.as_ref().len()),
        AttributeValue::Ss(texts) => texts.iter().map(|text| bytes(text.len())).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_size(number)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| bytes(blob.as_ref().len())).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_size(value)).sum::<u64>(),
        AttributeValue::M(values) => {
            3 + values.iter().map(|(name, value)| 1 + attribute_size(name, value)).sum::<u64>()
        }
        // Null and Booleans; a type that this SDK does not know cannot be written by it.
        _ => 1,
    }
}

/// The size of a number: 1 byte for two significant digits and 1 byte; zeros at both ends do not count ("DynamoDB item
/// sizes and formats": "approximately"). Beyond the page, as Amazon's own DynamoDB Local bills it: the pairs are counted
/// from the decimal point, so that 15 has one and 150 has two; a negative number has 1 byte more; 21 bytes are the most.
pub fn number_size(number: &str) -> u64 {
    let (sign, unsigned) = match number.strip_prefix('-') {
        Some(unsigned) => (1, unsigned),
        None => (0, number),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [before, after].concat();
    let significant = digits.trim_start_matches('0');
    // Digits between the first significant one and the point: an odd number of them begins with half a pair.
    let to_the_point = before.len().abs_diff(digits.len() - significant.len());
    let odd = (to_the_point % 2 == 1) != exponent.ends_with(['1', '3', '5', '7', '9']);
    let significant = significant.trim_end_matches('0').len();
    let size = bytes(significant + usize::from(odd)).div_ceil(2) + 1 + sign;
    if significant == 0 { 1 } else { size.min(21) }
}

/// What it takes to write so many bytes: a unit for each KB begun, 1 at least ("DynamoDB read and write operations",
/// "Capacity unit consumption for write operations").
pub const fn write_units(bytes: u64) -> Units {
    Units::whole(if bytes == 0 { 1 } else { bytes.div_ceil(WRITE_UNIT) })
}

/// A put, an update or a delete: by the larger of the item's sizes before and after (same page). `None`: no item.
pub fn written(before: Option<u64>, after: Option<u64>) -> Units {
    write_units(before.max(after).unwrap_or_default())
}

/// A write whose condition failed: by the size of the item that is there, 1 unit at least ("Working with items and
/// attributes in DynamoDB", "Conditional writes": an item of 300 KB, 300 units; none, 1 unit. Older editions of the page
/// charge the new item).
pub fn refused(existing: Option<u64>) -> Units {
    write_units(existing.unwrap_or_default())
}

/// An action of a transaction, writing or reading: twice what it takes alone, once to prepare and once to commit, also
/// when the transaction is cancelled ("Amazon DynamoDB Transactions: How it works", "Capacity management for
/// transactions"). A condition check is billed as a write of the item it looks at. Index entries are not doubled: they
/// are written after the transaction (the page says when and gives no figure; measured by others on the service itself).
pub fn transactional(action: Units) -> Units {
    action * 2
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// It may be stale: half the price.
    Eventual,
    /// All that was answered before is seen.
    Strong,
    /// Within a transaction: twice the price.
    Transactional,
}

/// What it takes to read so many bytes in one go: 1 unit for each 4 KB begun, half of it for an eventually consistent
/// read, twice of it in a transaction; the least also when nothing was found ("DynamoDB read and write operations",
/// "Capacity unit consumption for read operations").
pub const fn read_units(bytes: u64, consistency: Consistency) -> Units {
    let blocks = if bytes == 0 { 1 } else { bytes.div_ceil(READ_UNIT) };
    match consistency {
        Consistency::Eventual => Units::halves(blocks),
        Consistency::Strong => Units::whole(blocks),
        Consistency::Transactional => Units::whole(2 * blocks),
    }
}

/// A `GetItem`: the whole item's size, whatever attributes were asked for; the least when there is none (same page).
pub fn get(item: Option<u64>, consistency: Consistency) -> Units {
    read_units(item.unwrap_or_default(), consistency)
}

/// A page of a `Query` or `Scan`: the sizes of all items that were looked at (those which a filter dropped, too), rounded
/// once (same page; for an index, of its entries: "Using Global Secondary Indexes in DynamoDB", "Provisioned throughput
/// considerations").
pub fn query(items: impl IntoIterator<Item = u64>, consistency: Consistency) -> Units {
    read_units(items.into_iter().sum(), consistency)
}

/// A `BatchGetItem`: each item rounded by itself, also those that are not there (same page).
pub fn batch_get(items: impl IntoIterator<Item = Option<u64>>, consistency: Consistency) -> Units {
    items.into_iter().map(|item| get(item, consistency)).sum()
}

/// A global secondary index, as far as its cost goes.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// The attributes of the table's key.
    pub table_key: &'static [&'static str],
    /// The attributes of the index's key: an item without one of them is not in the index.
    pub index_key: &'static [&'static str],
    /// What else is kept in the index; nothing for `KEYS_ONLY`.
    pub projected: &'static [&'static str],
}

/// The one index of this store: `EventTypeIndex`, keys only.
pub const EVENT_TYPE_INDEX: Index = Index {
    table_key: &["AggregateId", "Version"],
    index_key: &["EventTypeShard", "Timestamp"],
    projected: &[],
};

impl Index {
    /// The size of an item's entry; `None` when it is not in the index.
    pub fn entry_size(&self, item: &Item) -> Option<u64> {
        if !self.index_key.iter().all(|name| item.contains_key(*name)) {
            return None;
        }
        let names = self.table_key.iter().chain(self.index_key).chain(self.projected);
        Some(names.filter_map(|name| item.get(*name).map(|value| attribute_size(name, value))).sum())
    }

    /// What a write to the table takes in this index ("Using Global Secondary Indexes in DynamoDB", "Provisioned
    /// throughput considerations", "Write capacity units"): a write for an entry that comes or goes, two when its key
    /// changes (a delete and a put), one when only what is projected changes, none otherwise.
    pub fn written(&self, before: Option<&Item>, after: Option<&Item>) -> Units {
        let sizes =
            (before.and_then(|item| self.entry_size(item)), after.and_then(|item| self.entry_size(item)));
        match (sizes, before.zip(after)) {
            ((Some(old), Some(new)), Some((before, after))) => {
                if differ(self.index_key, before, after) {
                    write_units(old) + write_units(new)
                } else if differ(self.projected, before, after) {
                    written(Some(old), Some(new))
                } else {
                    Units::ZERO
                }
            }
            ((Some(entry), _) | (_, Some(entry)), _) => write_units(entry),
            ((None, None), _) => Units::ZERO,
        }
    }
}

fn differ(names: &[&str], before: &Item, after: &Item) -> bool {
    names.iter().any(|name| before.get(*name) != after.get(*name))
}

/// What units cost, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// A million write request units.
    pub million_writes: f64,
    /// A million read request units.
    pub million_reads: f64,
    /// A hundred thousand calls of `GetRecords`, each of at most 1,000 records or 1 MB.
    pub hundred_thousand_stream_reads: f64,
    /// A GB kept for a month, without backups.
    pub gigabyte_month: f64,
}

impl Prices {
    /// On demand, table class Standard, US East (N. Virginia), since 1 November 2024, when AWS halved them ("Pricing for
    /// On-Demand Capacity"). Prices change and differ between regions: look before relying on them. What is free each
    /// month (25 GB, 2.5 million stream reads) is not taken off.
    pub const US_EAST_1: Self = Self {
        million_writes: 0.625,
        million_reads: 0.125,
        hundred_thousand_stream_reads: 0.02,
        gigabyte_month: 0.25,
    };

    /// What so many units and `GetRecords` calls cost.
    pub fn dollars(&self, writes: Units, reads: Units, stream_reads: u64) -> f64 {
        writes.as_f64() * self.million_writes / 1e6
            + reads.as_f64() * self.million_reads / 1e6
            + Units::whole(stream_reads).as_f64() * self.hundred_thousand_stream_reads / 1e5
    }
}

/// A length in memory as a number of bytes.
const fn bytes(length: usize) -> u64 {
    length as u64
}
