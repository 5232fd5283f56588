//! The first event of an order, and its recorded shape: amounts as plain decimals beside one currency, so that a
//! recorded order cannot mix currencies; items in the order of their line numbers, from 1.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::line::{LineNumber, OrderLine};
use crate::values::{
    Address, Currency, CustomerId, Description, Money, MoneyError, Quantity, Sku, TaxRate, decimal,
};
use annals_core::Timestamp;

/// An order was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RecordedCreation", into = "RecordedCreation")]
pub struct OrderCreated {
    /// Who ordered.
    pub customer: CustomerId,
    /// When, in business time.
    pub placed_at: Timestamp,
    /// What: at least one line, numbered from 1 without gaps.
    pub lines: Vec<OrderLine>,
    /// The tax on all lines.
    pub tax: Money,
    /// The rate that gave the tax.
    pub tax_rate: TaxRate,
    /// Where to.
    pub shipping_address: Address,
    /// The price of all lines, and the tax.
    pub total: Money,
}

#[derive(Serialize, Deserialize)]
struct RecordedCreation {
    customer: CustomerId,
    placed_at: Timestamp,
    items: Vec<RecordedItem>,
    currency: Currency,
    #[serde(with = "decimal")]
    tax_amount: Decimal,
    tax_rate: TaxRate,
    shipping_address: Address,
    #[serde(with = "decimal")]
    total: Decimal,
}

#[derive(Serialize, Deserialize)]
struct RecordedItem {
    sku: Sku,
    description: Description,
    quantity: Quantity,
    #[serde(with = "decimal")]
    unit_price: Decimal,
}

impl TryFrom<RecordedCreation> for OrderCreated {
    type Error = MoneyError;

    fn try_from(recorded: RecordedCreation) -> Result<Self, Self::Error> {
        let currency = recorded.currency;
        let lines = recorded.items.into_iter().zip(LineNumber::from_first()).map(|(item, number)| {
            Ok(OrderLine {
                number,
                sku: item.sku,
                description: item.description,
                quantity: item.quantity,
                unit_price: Money::new(item.unit_price, currency)?,
            })
        });
        Ok(Self {
            customer: recorded.customer,
            placed_at: recorded.placed_at,
            lines: lines.collect::<Result<_, MoneyError>>()?,
            tax: Money::new(recorded.tax_amount, currency)?,
            tax_rate: recorded.tax_rate,
            shipping_address: recorded.shipping_address,
            total: Money::new(recorded.total, currency)?,
        })
    }
}

impl From<OrderCreated> for RecordedCreation {
    fn from(created: OrderCreated) -> Self {
        let items = created.lines.into_iter().map(|line| RecordedItem {
            sku: line.sku,
            description: line.description,
            quantity: line.quantity,
            unit_price: line.unit_price.amount(),
        });
        Self {
            customer: created.customer,
            placed_at: created.placed_at,
            items: items.collect(),
            currency: created.total.currency(),
            tax_amount: created.tax.amount(),
            tax_rate: created.tax_rate,
            shipping_address: created.shipping_address,
            total: created.total.amount(),
        }
    }
}
