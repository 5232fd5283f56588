//! What the keeper of the feed leaves for the next one: how far each shard of the stream was read, and what a person should
//! see. One item of the feed's table.
//!
//! It is written only behind what is in the feed. Older marks than there could be cost work, and nothing else.

use annals_core::Timestamp;

use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::read::Freshness;
use crate::shards::{self, Marks};
use crate::tables::Table;
use crate::write::Write;

/// Alarms that are kept; more are counted.
const ALARMS: usize = 20;

/// The state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeeperState {
    /// Of the lease under which it was written.
    pub(crate) token: u64,
    pub(crate) owner: String,
    /// All up to these is in the feed.
    pub(crate) marks: Marks,
    /// How many batches the feed had.
    pub(crate) batches: u64,
    /// All that was written before this is in the feed, in the clocks of those who wrote.
    pub(crate) low: Timestamp,
    pub(crate) reported: Timestamp,
    pub(crate) alarms: Alarms,
}

/// What a person should see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarms {
    /// Changes of history, the first ones in words.
    pub(crate) changes: Vec<String>,
    pub(crate) count: u64,
    /// Stamps that were far from when the service saw the event: the last one in words, and when that was reported.
    pub(crate) late: Option<(String, Timestamp)>,
    pub(crate) late_count: u64,
}

impl Alarms {
    pub(crate) fn add(&mut self, change: String) {
        self.count += 1;
        if self.changes.len() < ALARMS && !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    pub(crate) fn add_late(&mut self, stamp: String, now: Timestamp) {
        self.late_count += 1;
        self.late = Some((stamp, now));
    }
}

fn key() -> Item {
    Item::from([("Part".to_owned(), item::text("$state")), ("Batch".to_owned(), item::number(0))])
}

impl KeeperState {
    pub(crate) async fn load(database: &Database) -> Result<Option<Self>, Fault> {
        let found = database.get(Table::Feed, &key(), Freshness::Consistent).await?;
        found.map(|item| Self::read(&item)).transpose()
    }

    fn read(found: &Item) -> Result<Self, Fault> {
        let wrong = |name: &str| Item::wrong(name, found.get(name));
        let marks = found.get("Marks").and_then(|marks| marks.as_m().ok()).and_then(shards::from_map);
        let texts = found.get("Alarms").and_then(|alarms| alarms.as_l().ok());
        let texts = texts.map(|texts| texts.iter().filter_map(|text| text.as_s().ok().cloned()).collect());
        let late = found.maybe_text("Late").zip(found.maybe_instant("LateAt")?);
        Ok(Self {
            token: found.number("Token")?,
            owner: found.text("Owner")?.to_owned(),
            marks: marks.ok_or_else(|| wrong("Marks"))?,
            batches: found.number("Batches")?,
            low: found.instant("Low")?,
            reported: found.instant("Reported")?,
            alarms: Alarms {
                changes: texts.unwrap_or_default(),
                count: found.maybe_number("AlarmCount")?.unwrap_or(0),
                late: late.map(|(late, at)| (late.to_owned(), at)),
                late_count: found.maybe_number("LateCount")?.unwrap_or(0),
            },
        })
    }

    fn item(&self) -> Item {
        let mut item = key();
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("Token", item::number(self.token));
        put("Owner", item::text(&*self.owner));
        put("Marks", aws_sdk_dynamodb::types::AttributeValue::M(shards::to_map(&self.marks)));
        put("Batches", item::number(self.batches));
        put("Low", item::text(self.low.to_string()));
        put("Reported", item::text(self.reported.to_string()));
        if self.alarms.count > 0 {
            let texts = self.alarms.changes.iter().map(item::text).collect();
            put("Alarms", aws_sdk_dynamodb::types::AttributeValue::L(texts));
            put("AlarmCount", item::number(self.alarms.count));
        }
        if let Some((late, at)) = &self.alarms.late {
            put("Late", item::text(late));
            put("LateAt", item::text(at.to_string()));
            put("LateCount", item::number(self.alarms.late_count));
        }
        item
    }

    /// Writes it: over none or an older keeper's; once that was done, only over one that stands. No when a newer keeper has
    /// written, or the state was removed, so that the feed is to be looked through.
    pub(crate) async fn save(&self, database: &Database, is_first: bool) -> Result<bool, Fault> {
        let condition =
            if is_first { "attribute_not_exists(#token) OR #token <= :token" } else { "#token <= :token" };
        let write = Write::put(Table::Feed, self.item()).when(condition);
        let write = write.name("#token", "Token").value(":token", item::number(self.token));
        match database.write(&write).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.kind == Kind::Condition => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Removes the state, alarms and all: whoever keeps the feed next, or now, looks through all of history for what is missing.
    pub(crate) async fn remove(database: &Database) -> Result<(), Fault> {
        database.write(&Write::delete(Table::Feed, key())).await.map(drop)
    }
}
