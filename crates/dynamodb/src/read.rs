//! Reads: one item, many by their keys, a range of a partition, a whole table. Each follows the service's own pages as far
//! as its caller asked.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest};
use futures::{StreamExt, TryStreamExt, stream};

use crate::cost::{self, Consistency};
use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::Item;
use crate::tables::Table;

/// The most keys in a `BatchGetItem`.
const KEYS_MAX: usize = 100;
/// The most items in a `BatchWriteItem`.
const WRITES_MAX: usize = 25;
/// Requests of one call that are under way at once.
const AT_ONCE: usize = 8;

/// How fresh a read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It sees all that was answered before it began.
    Consistent,
    /// It may lag, at half the price.
    Eventual,
}

impl Freshness {
    fn in_cost(self) -> Consistency {
        match self {
            Self::Consistent => Consistency::Strong,
            Self::Eventual => Consistency::Eventual,
        }
    }
}

/// A range of a partition, of a table or an index.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) table: Table,
    pub(crate) index: Option<&'static str>,
    pub(crate) freshness: Freshness,
    pub(crate) forward: bool,
    /// The most items that one request looks at.
    pub(crate) limit: Option<usize>,
    /// Where the request before ended.
    pub(crate) from: Option<Item>,
    condition: String,
    projection: Option<&'static str>,
    names: HashMap<String, String>,
    values: Item,
}

impl Query {
    /// The items for which a key condition holds, such as `#a = :a AND #v >= :from`, from the first on.
    pub(crate) fn new(table: Table, condition: impl Into<String>) -> Self {
        Self {
            table,
            index: None,
            freshness: Freshness::Consistent,
            forward: true,
            limit: None,
            from: None,
            condition: condition.into(),
            projection: None,
            names: HashMap::new(),
            values: Item::new(),
        }
    }

    /// What `#placeholder` stands for: an attribute.
    #[must_use]
    pub(crate) fn name(mut self, placeholder: &str, attribute: &str) -> Self {
        self.names.insert(placeholder.to_owned(), attribute.to_owned());
        self
    }

    /// What `:placeholder` stands for.
    #[must_use]
    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// Only these attributes, as placeholders: `#a, #b`.
    #[must_use]
    pub(crate) fn only(self, projection: &'static str) -> Self {
        Self { projection: Some(projection), ..self }
    }
}

/// One page of the service's answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) items: Vec<Item>,
    /// Where it goes on; none at the end.
    pub(crate) last: Option<Item>,
}

impl Database {
    /// One item by its key.
    pub(crate) async fn get(
        &self,
        table: Table,
        key: &Item,
        freshness: Freshness,
    ) -> Result<Option<Item>, Fault> {
        let name = self.name(table);
        let found = self
            .retrying("GetItem", || async {
                let request = self.dynamo.get_item().table_name(&name).set_key(Some(key.clone()));
                let answer = request.consistent_read(freshness == Freshness::Consistent).send().await;
                answer.map(|answer| answer.item).map_err(|error| Fault::of(&error))
            })
            .await?;
        self.meter.read(cost::get(found.as_ref().map(cost::item_size), freshness.in_cost()));
        Ok(found)
    }

    /// One request's share of a query.
    pub(crate) async fn query(&self, query: &Query) -> Result<Found, Fault> {
        let name = self.name(query.table);
        let limit = query.limit.map(|limit| i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        let names = (!query.names.is_empty()).then(|| query.names.clone());
        let found = self
            .retrying("Query", || async {
                let answer = self
                    .dynamo
                    .query()
                    .table_name(&name)
                    .set_index_name(query.index.map(str::to_owned))
                    .key_condition_expression(&query.condition)
                    .set_projection_expression(query.projection.map(str::to_owned))
                    .set_expression_attribute_names(names.clone())
                    .set_expression_attribute_values(Some(query.values.clone()))
                    .consistent_read(query.freshness == Freshness::Consistent)
                    .scan_index_forward(query.forward)
                    .set_limit(limit)
                    .set_exclusive_start_key(query.from.clone())
                    .send()
                    .await;
                let answer = answer.map_err(|error| Fault::of(&error))?;
                let last = answer.last_evaluated_key.filter(|key| !key.is_empty());
                Ok(Found { items: answer.items.unwrap_or_default(), last })
            })
            .await?;
        // Of a projection the whole items are billed; what was not asked for is not seen here.
        self.meter.read(cost::query(found.items.iter().map(cost::item_size), query.freshness.in_cost()));
        Ok(found)
    }

    /// A query over as many requests as it takes for `most` items, or all that there are.
    pub(crate) async fn query_up_to(&self, mut query: Query, most: usize) -> Result<Found, Fault> {
        let mut found = Found::default();
        loop {
            query.limit = (most < usize::MAX).then(|| most - found.items.len());
            let page = self.query(&query).await?;
            found.items.extend(page.items);
            found.last = page.last;
            if found.items.len() >= most || found.last.is_none() {
                return Ok(found);
            }
            query.from.clone_from(&found.last);
        }
    }

    /// The items with these keys that there are, in no order.
    pub(crate) async fn batch_get(
        &self,
        table: Table,
        keys: Vec<Item>,
        freshness: Freshness,
    ) -> Result<Vec<Item>, Fault> {
        let pieces: Vec<Vec<Item>> = keys.chunks(KEYS_MAX).map(<[Item]>::to_vec).collect();
        let found = stream::iter(pieces)
            .map(|keys| self.get_each(table, keys, freshness))
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(found.concat())
    }

    async fn get_each(
        &self,
        table: Table,
        keys: Vec<Item>,
        freshness: Freshness,
    ) -> Result<Vec<Item>, Fault> {
        let name = self.name(table);
        let left = std::sync::Mutex::new((keys, Vec::new()));
        // What the service left undone is a failure that passes, in which the rest is asked for.
        self.retrying("BatchGetItem", || async {
            let keys = left.lock().map(|left| left.0.clone()).unwrap_or_default();
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(freshness == Freshness::Consistent)
                .build()
                .map_err(|error| Fault::refused(error.to_string()))?;
            let answer = self.dynamo.batch_get_item().request_items(&name, wanted).send().await;
            let mut answer = answer.map_err(|error| Fault::of(&error))?;
            let items = answer.responses.as_mut().and_then(|found| found.remove(&name)).unwrap_or_default();
            let undone = answer.unprocessed_keys.as_mut().and_then(|keys| keys.remove(&name));
            let undone = undone.map(|keys| keys.keys).unwrap_or_default();
            let is_done = undone.is_empty();
            let sizes = items.iter().map(|item| Some(cost::item_size(item)));
            self.meter.read(cost::batch_get(sizes, freshness.in_cost()));
            if let Ok(mut left) = left.lock() {
                left.1.extend(items);
                left.0 = undone;
            }
            if is_done { Ok(()) } else { Err(Fault::new(Kind::Throttled, "a batch was answered in part")) }
        })
        .await?;
        Ok(left.into_inner().map(|(_, found)| found).unwrap_or_default())
    }

    /// One request's share of a scan of a segment of a table.
    pub(crate) async fn scan(
        &self,
        table: Table,
        (segment, of): (usize, usize),
        projection: &[&str],
        from: Option<Item>,
    ) -> Result<Found, Fault> {
        let name = self.name(table);
        let [segment, of] = [segment, of].map(|number| i32::try_from(number).unwrap_or(i32::MAX));
        let placeholders: Vec<_> = (0..projection.len()).map(|place| format!("#p{place}")).collect();
        let names = || {
            let pairs = placeholders.iter().cloned().zip(projection.iter().map(|name| (*name).to_owned()));
            (!projection.is_empty()).then(|| pairs.collect::<HashMap<_, _>>())
        };
        let found = self
            .retrying("Scan", || async {
                let answer = self
                    .dynamo
                    .scan()
                    .table_name(&name)
                    .segment(segment)
                    .total_segments(of)
                    .consistent_read(true)
                    .set_projection_expression((!projection.is_empty()).then(|| placeholders.join(", ")))
                    .set_expression_attribute_names(names())
                    .set_exclusive_start_key(from.clone())
                    .send()
                    .await;
                let answer = answer.map_err(|error| Fault::of(&error))?;
                let last = answer.last_evaluated_key.filter(|key| !key.is_empty());
                Ok(Found { items: answer.items.unwrap_or_default(), last })
            })
            .await?;
        self.meter.read(cost::query(found.items.iter().map(cost::item_size), Consistency::Strong));
        Ok(found)
    }

    /// Deletes the items with these keys, in no order and not as one: for what nobody reads any more.
    pub(crate) async fn sweep(&self, table: Table, keys: Vec<Item>) -> Result<(), Fault> {
        let name = self.name(table);
        for keys in keys.chunks(WRITES_MAX) {
            let delete = |key: &Item| {
                let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
            };
            let requests: Result<Vec<_>, _> = keys.iter().map(delete).collect();
            let left = std::sync::Mutex::new(requests.map_err(|error| Fault::refused(error.to_string()))?);
            self.retrying("BatchWriteItem", || async {
                let requests = left.lock().map(|left| left.clone()).unwrap_or_default();
                let answer = self.dynamo.batch_write_item().request_items(&name, requests).send().await;
                let mut answer = answer.map_err(|error| Fault::of(&error))?;
                let undone = answer.unprocessed_items.as_mut().and_then(|items| items.remove(&name));
                let undone = undone.unwrap_or_default();
                if undone.is_empty() {
                    return Ok(());
                }
                if let Ok(mut left) = left.lock() {
                    *left = undone;
                }
                Err(Fault::new(Kind::Throttled, "a batch was answered in part"))
            })
            .await?;
        }
        Ok(())
    }
}
