//! The baseline: a command as programs without a toolkit, and other toolkits, do it. The stream is read and folded from JSON
//! trees, and what was decided is written with `TransactWriteItems`, under the condition that nobody was quicker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annals::dynamodb::cost::{self, Consistency, EVENT_TYPE_INDEX};
use annals::dynamodb::sdk::Client;
use annals::dynamodb::sdk::types::{AttributeValue, Put, TransactWriteItem};
use annals::{Aggregate, Context, EventId, Timestamp};
use ordermaster_domain::{Account, AccountCommand, AccountEvent, AccountId};
use serde_json::Value;

use crate::bench::Outcome;
use crate::history;

/// What was used, in halves of a unit.
#[derive(Default)]
pub(super) struct Spent {
    pub(super) requests: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) read: AtomicU64,
}

/// A program without a toolkit.
#[derive(Clone)]
pub(super) struct Plain {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) spent: Arc<Spent>,
}

impl Plain {
    /// One command: load, decide, write each event.
    pub(super) async fn execute(&self, id: &AccountId, command: &AccountCommand) -> Outcome {
        let stream = history::stream(id)?.to_string();
        let (account, version) = self.load(&stream).await?;
        let events = account.decide(command, &Context::at(Timestamp::UNIX_EPOCH))?;
        let mut puts = Vec::new();
        for (place, event) in (version + 1..).zip(&events) {
            let item = item(&stream, place, event)?;
            let units = cost::transactional(cost::written(None, Some(cost::item_size(&item))))
                + EVENT_TYPE_INDEX.written(None, Some(&item));
            self.spent.written.fetch_add(units.in_halves(), Ordering::Relaxed);
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(AggregateId)")
                .build()?;
            puts.push(TransactWriteItem::builder().put(put).build());
        }
        self.spent.requests.fetch_add(1, Ordering::Relaxed);
        self.client.transact_write_items().set_transact_items(Some(puts)).send().await?;
        Ok(())
    }

    async fn load(&self, stream: &str) -> Outcome<(Account, u64)> {
        let mut account = Account::default();
        let mut version = 0;
        let mut from = None;
        loop {
            let asked = self.client.query().table_name(&self.table).consistent_read(true);
            let answer = asked
                .key_condition_expression("AggregateId = :id")
                .expression_attribute_values(":id", AttributeValue::S(stream.to_owned()))
                .set_exclusive_start_key(from)
                .send()
                .await?;
            let units = cost::query(answer.items().iter().map(cost::item_size), Consistency::Strong);
            self.spent.requests.fetch_add(1, Ordering::Relaxed);
            self.spent.read.fetch_add(units.in_halves(), Ordering::Relaxed);
            for item in answer.items() {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
                let (event_type, payload) = (text("EventType"), text("EventData"));
                let (Some(event_type), Some(payload)) = (event_type, payload) else {
                    return Err("an item is no event".into());
                };
                let payload: Value = serde_json::from_str(payload)?;
                account.evolve(&of_tree(event_type, payload)?);
                version += 1;
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok((account, version));
            }
        }
    }
}

fn of_tree(event_type: &str, payload: Value) -> Outcome<AccountEvent> {
    Ok(<AccountEvent as crate::plain::FromTree>::from_tree(event_type, payload)?)
}

/// An event with the attributes that the store gives one.
fn item(
    stream: &str,
    version: u64,
    event: &AccountEvent,
) -> Outcome<std::collections::HashMap<String, AttributeValue>> {
    let new = annals::ports::NewEvent::encode(
        event,
        &annals::Metadata::correlated("request-0000000000").by("teller-7"),
    )?;
    let text = |value: String| AttributeValue::S(value);
    let number = |value: u64| AttributeValue::N(value.to_string());
    let now = Timestamp::UNIX_EPOCH.to_string();
    let shard = format!("{}#{}", new.event_type, version % 8);
    let pairs = [
        ("AggregateId", text(stream.to_owned())),
        ("Version", number(version)),
        ("EventId", text(EventId::new().to_string())),
        ("AggregateType", text("account".to_owned())),
        ("EventType", text(new.event_type.to_string())),
        ("SchemaVersion", number(new.schema_version.into())),
        ("EventData", text(new.payload.as_str().to_owned())),
        ("Metadata", text(new.metadata.as_str().to_owned())),
        ("Timestamp", text(now.clone())),
        ("PrevTimestamp", text(now)),
        ("EventTypeShard", text(shard)),
    ];
    Ok(pairs.map(|(name, value)| (name.to_owned(), value)).into())
}
