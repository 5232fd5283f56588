//! `ordermaster customer …`: what a customer ordered and spent, from read models.

use clap::Subcommand;
use ordermaster_domain::CustomerId;
use rust_decimal::Decimal;
use serde::Serialize;

use super::arguments::at_least_one;
use super::output::note;
use super::{AppError, Session};
use crate::queries::customers::{orders_of, totals_of};
use crate::read_models::{CustomerOrders, CustomerTotals};

/// What can be asked about customers.
#[derive(Debug, Subcommand)]
pub(super) enum CustomerVerb {
    /// A customer's orders, the newest first
    Orders {
        /// The customer
        id: CustomerId,
        /// The most orders to list
        #[arg(long, default_value_t = 50, value_parser = at_least_one)]
        limit: usize,
    },
    /// What a customer spent and got back, by currency
    Totals {
        /// The customer
        id: CustomerId,
    },
}

#[derive(Debug, Serialize)]
struct Totals {
    customer: CustomerId,
    currency: &'static str,
    orders: u64,
    spent: Decimal,
    refunded: Decimal,
}

impl CustomerVerb {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        match self {
            Self::Orders { id, limit } => {
                let view = session.fresh_view(CustomerOrders).await?;
                let mut rows: Vec<_> = orders_of(&view, &id, limit.saturating_add(1))
                    .await?
                    .into_iter()
                    .map(|(_, row)| row)
                    .collect();
                let there_are_more = rows.len() > limit;
                rows.truncate(limit);
                session.output.rows(&["order", "status", "total", "placed_at"], &rows, |row| {
                    let (order, status) = (row.order.to_string(), row.status.to_string());
                    vec![order, status, row.total.to_string(), row.placed_at.to_string()]
                })?;
                if there_are_more {
                    session.output.flush()?;
                    note(&format!("these are the newest {limit}; see more with --limit"));
                }
                Ok(())
            }
            Self::Totals { id } => {
                let view = session.fresh_view(CustomerTotals).await?;
                let totals = totals_of(&view, &id).await?.into_iter().map(|(key, row)| Totals {
                    customer: key.customer,
                    currency: key.currency.code(),
                    orders: row.orders,
                    spent: row.spent,
                    refunded: row.refunded,
                });
                let totals: Vec<_> = totals.collect();
                session.output.rows(&["currency", "orders", "spent", "refunded"], &totals, |row| {
                    let (spent, refunded) = (row.spent.to_string(), row.refunded.to_string());
                    vec![row.currency.to_owned(), row.orders.to_string(), spent, refunded]
                })
            }
        }
    }
}
