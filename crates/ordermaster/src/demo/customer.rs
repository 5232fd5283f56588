//! A customer's orders and what they came to, from the read models `customer_orders` and `customer_totals`.

use std::fmt;

use ordermaster_domain::{CustomerId, Money, OrderId, OrderPhase};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{DemoError, Piece};
use crate::app::OrderMaster;
use crate::queries::customers::{orders_of, totals_of};

/// How many orders are shown.
const ORDERS: usize = 8;

/// A customer's page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CustomerPage {
    /// The customer.
    pub customer: CustomerId,
    /// Their last orders, the newest first.
    pub orders: Vec<OrderLine>,
    /// What all of their orders came to, by currency.
    pub totals: Vec<Totals>,
}

/// One of their orders.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderLine {
    /// The order.
    pub order: OrderId,
    /// The day on which it was placed.
    pub placed_on: String,
    /// How far it has come.
    pub status: OrderPhase,
    /// Its total.
    pub total: Money,
}

/// What orders in one currency came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// The currency.
    pub currency: &'static str,
    /// How many orders.
    pub orders: u64,
    /// What was paid.
    pub spent: Decimal,
    /// What was given back.
    pub refunded: Decimal,
}

impl CustomerPage {
    /// The page of a customer.
    ///
    /// # Errors
    /// When a read model cannot be read.
    pub async fn of(shop: &OrderMaster, customer: &CustomerId) -> Result<Self, DemoError> {
        let orders = orders_of(&shop.store().view(), customer, ORDERS).await?;
        let totals = totals_of(&shop.store().view(), customer).await?;
        let orders = orders.into_iter().map(|(_, row)| OrderLine {
            order: row.order,
            placed_on: row.placed_at.date(),
            status: row.status,
            total: row.total,
        });
        let totals = totals.into_iter().map(|(key, row)| Totals {
            currency: key.currency.code(),
            orders: row.orders,
            spent: row.spent,
            refunded: row.refunded,
        });
        Ok(Self { customer: customer.clone(), orders: orders.collect(), totals: totals.collect() })
    }
}

impl Piece for CustomerPage {
    const TITLE: &'static str = "Its customer's orders";
    const ABOUT: &'static str =
        "A read model joins what many streams say, though most events name no customer.";
}

impl fmt::Display for CustomerPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  customer {}", self.customer)?;
        for line in &self.orders {
            let (order, total) = (format!("order-{}", line.order), line.total.to_string());
            write!(f, "\n    {}  {order:<24} {:<10} {total:>16}", line.placed_on, line.status)?;
        }
        for totals in &self.totals {
            let Totals { currency, orders, spent, refunded } = totals;
            write!(f, "\n  {currency}: {orders} orders, {spent} spent, {refunded} given back")?;
        }
        Ok(())
    }
}
