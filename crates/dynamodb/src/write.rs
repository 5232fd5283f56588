//! Writes: one change of one item, with the condition under which it happens. Alone or in a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use crate::cost::{self, EVENT_TYPE_INDEX, Units};
use crate::database::Database;
use crate::fault::{Fault, Kind, Standing, of_cancellation};
use crate::item::Item;
use crate::tables::Table;

/// A change of one item, and its condition.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) table: Table,
    pub(crate) change: Change,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: Item,
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put {
        item: Item,
    },
    Update {
        key: Item,
        update: String,
    },
    Delete {
        key: Item,
    },
    /// Nothing is changed: only the condition counts. In transactions alone.
    Check {
        key: Item,
    },
}

impl Write {
    pub(crate) fn put(table: Table, item: Item) -> Self {
        Self::of(table, Change::Put { item })
    }

    /// An update, such as `SET #a = :a`.
    pub(crate) fn update(table: Table, key: Item, update: impl Into<String>) -> Self {
        Self::of(table, Change::Update { key, update: update.into() })
    }

    pub(crate) fn delete(table: Table, key: Item) -> Self {
        Self::of(table, Change::Delete { key })
    }

    pub(crate) fn check(table: Table, key: Item) -> Self {
        Self::of(table, Change::Check { key })
    }

    fn of(table: Table, change: Change) -> Self {
        Self { table, change, condition: None, names: HashMap::new(), values: Item::new() }
    }

    /// Only when this holds of the item as it stands.
    #[must_use]
    pub(crate) fn when(self, condition: impl Into<String>) -> Self {
        Self { condition: Some(condition.into()), ..self }
    }

    /// Only where no item stands.
    #[must_use]
    pub(crate) fn where_none_stands(self) -> Self {
        let (hash, _) = self.table.key();
        self.when("attribute_not_exists(#hash)").name("#hash", hash)
    }

    /// What `#placeholder` stands for: an attribute.
    #[must_use]
    pub(crate) fn name(mut self, placeholder: &str, attribute: impl Into<String>) -> Self {
        self.names.insert(placeholder.to_owned(), attribute.into());
        self
    }

    /// What `:placeholder` stands for.
    #[must_use]
    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    fn values(&self) -> Option<Item> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// What it costs alone, when the item was this before. An update's outcome is not known here: it is taken to be what
    /// was there and what is said.
    fn units(&self, before: Option<&Item>) -> Units {
        let old = before.map(cost::item_size);
        let after = match &self.change {
            Change::Put { item } => Some(cost::item_size(item)),
            Change::Update { key, .. } => {
                let said: u64 = self.values.values().map(cost::value_size).sum();
                Some(old.unwrap_or_else(|| cost::item_size(key)) + said)
            }
            Change::Delete { .. } => None,
            Change::Check { .. } => old,
        };
        cost::written(old, after)
    }

    /// What the entry in the index by type costs: the same alone and in a transaction.
    fn index_units(&self, before: Option<&Item>) -> Units {
        match &self.change {
            Change::Put { item } if self.table == Table::Events => {
                EVENT_TYPE_INDEX.written(before, Some(item))
            }
            _ => Units::ZERO,
        }
    }

    fn in_transaction(&self, table: String) -> Result<TransactWriteItem, BuildError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        Ok(match &self.change {
            Change::Put { item: put } => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(put.clone()))
                    .set_condition_expression(self.condition.clone())
                    .set_expression_attribute_names(self.names())
                    .set_expression_attribute_values(self.values())
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
            Change::Update { key, update } => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .update_expression(update)
                    .set_condition_expression(self.condition.clone())
                    .set_expression_attribute_names(self.names())
                    .set_expression_attribute_values(self.values())
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
            Change::Delete { key } => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .set_condition_expression(self.condition.clone())
                    .set_expression_attribute_names(self.names())
                    .set_expression_attribute_values(self.values())
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
            Change::Check { key } => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .set_condition_expression(self.condition.clone())
                    .set_expression_attribute_names(self.names())
                    .set_expression_attribute_values(self.values())
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
        }
        .build())
    }
}

/// The fault of a write of one item, with what stands there when its condition did not hold.
macro_rules! fault_of {
    ($error:expr) => {{
        let error = $error;
        match error.as_service_error() {
            Some(told) if told.is_conditional_check_failed_exception() => {
                Fault::condition(vec![found_by(&error)])
            }
            _ => Fault::of(&error),
        }
    }};
}

/// What a condition that failed found, as the SDK hands it over in each operation's own error.
trait FoundByCondition {
    fn item(&self) -> Option<&Item>;
}

macro_rules! found_by_condition {
    ($($error:path),*) => {$(
        impl FoundByCondition for $error {
            fn item(&self) -> Option<&Item> {
                match self {
                    Self::ConditionalCheckFailedException(failed) => failed.item(),
                    _ => None,
                }
            }
        }
    )*};
}

found_by_condition!(
    aws_sdk_dynamodb::operation::put_item::PutItemError,
    aws_sdk_dynamodb::operation::update_item::UpdateItemError,
    aws_sdk_dynamodb::operation::delete_item::DeleteItemError
);

fn found_by<E: FoundByCondition, R>(error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> Standing {
    match error.as_service_error().and_then(FoundByCondition::item) {
        Some(item) if !item.is_empty() => Standing::Found(Box::new(item.clone())),
        _ => Standing::Missing,
    }
}

impl Database {
    /// Carries out one write. Gives the item as it was before, when there was one.
    pub(crate) async fn write(&self, write: &Write) -> Result<Option<Item>, Fault> {
        let written = self.write_alone(write).await;
        match &written {
            Ok(before) => {
                self.meter.wrote(write.units(before.as_ref()) + write.index_units(before.as_ref()));
            }
            Err(fault) if fault.kind == Kind::Condition => {
                self.meter.wrote(cost::refused(fault.found(0).map(cost::item_size)));
            }
            Err(_) => {}
        }
        written
    }

    async fn write_alone(&self, write: &Write) -> Result<Option<Item>, Fault> {
        let table = self.name(write.table);
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let before = match &write.change {
            Change::Put { item } => {
                self.retrying("PutItem", || async {
                    let request = self.dynamo.put_item().table_name(&table).set_item(Some(item.clone()));
                    let answer = request
                        .set_condition_expression(write.condition.clone())
                        .set_expression_attribute_names(write.names())
                        .set_expression_attribute_values(write.values())
                        .return_values(ReturnValue::AllOld)
                        .return_values_on_condition_check_failure(old.clone())
                        .send()
                        .await;
                    answer.map(|answer| answer.attributes).map_err(|error| fault_of!(error))
                })
                .await?
            }
            Change::Update { key, update } => {
                self.retrying("UpdateItem", || async {
                    let request = self.dynamo.update_item().table_name(&table).set_key(Some(key.clone()));
                    let answer = request
                        .update_expression(update)
                        .set_condition_expression(write.condition.clone())
                        .set_expression_attribute_names(write.names())
                        .set_expression_attribute_values(write.values())
                        .return_values(ReturnValue::AllOld)
                        .return_values_on_condition_check_failure(old.clone())
                        .send()
                        .await;
                    answer.map(|answer| answer.attributes).map_err(|error| fault_of!(error))
                })
                .await?
            }
            Change::Delete { key } => {
                self.retrying("DeleteItem", || async {
                    let request = self.dynamo.delete_item().table_name(&table).set_key(Some(key.clone()));
                    let answer = request
                        .set_condition_expression(write.condition.clone())
                        .set_expression_attribute_names(write.names())
                        .set_expression_attribute_values(write.values())
                        .return_values(ReturnValue::AllOld)
                        .return_values_on_condition_check_failure(old.clone())
                        .send()
                        .await;
                    answer.map(|answer| answer.attributes).map_err(|error| fault_of!(error))
                })
                .await?
            }
            Change::Check { .. } => return Err(Fault::refused("a check alone changes nothing")),
        };
        Ok(before.filter(|item| !item.is_empty()))
    }

    /// Carries out all writes, or none. All attempts bear one token, by which the service carries out one of them only and
    /// answers the others as that one.
    pub(crate) async fn transact(&self, writes: &[Write]) -> Result<(), Fault> {
        let token = format!("{:032x}", fastrand::u128(..));
        let items: Result<Vec<_>, _> =
            writes.iter().map(|write| write.in_transaction(self.name(write.table))).collect();
        let items = items.map_err(|error| Fault::refused(error.to_string()))?;
        let written = self
            .retrying("TransactWriteItems", || async {
            let request = self.dynamo.transact_write_items().client_request_token(&token);
            let answer = request.set_transact_items(Some(items.clone())).send().await;
            answer.map(drop).map_err(|error| match error.as_service_error() {
                Some(
                    aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
                        cancelled,
                    ),
                ) => of_cancellation(cancelled.cancellation_reasons()),
                _ => Fault::of(&error),
            })
        })
        .await;
        // A cancelled transaction is billed, too, but for the index.
        if written.is_ok() || written.as_ref().is_err_and(|fault| fault.kind == Kind::Condition) {
            self.meter.wrote(writes.iter().map(|write| cost::transactional(write.units(None))).sum());
        }
        if written.is_ok() {
            self.meter.wrote(writes.iter().map(|write| write.index_units(None)).sum());
        }
        written
    }
}
