//! `ordermaster sales`: sales by business day, from the read model `daily_sales`.

use clap::Args;
use ordermaster_domain::Currency;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{AppError, Session};
use crate::queries::sales::{SalesQuery, by_day};
use crate::read_models::{DailySales, Day};

/// Which sales.
#[derive(Debug, Args)]
pub(super) struct Sales {
    /// The first business day, as YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// The last business day, as YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Only this currency
    #[arg(long)]
    currency: Option<Currency>,
}

#[derive(Debug, Serialize)]
struct SalesOfDay {
    day: Day,
    currency: &'static str,
    orders: u64,
    revenue: Decimal,
    refunds: Decimal,
}

impl Sales {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let view = session.fresh_view(DailySales).await?;
        let wanted = SalesQuery { from: self.from, to: self.to, currency: self.currency };
        let rows: Vec<_> = by_day(&view, wanted)
            .await?
            .into_iter()
            .map(|(key, row)| SalesOfDay {
                day: key.day,
                currency: key.currency.code(),
                orders: row.orders,
                revenue: row.revenue,
                refunds: row.refunds,
            })
            .collect();
        session.output.rows(&["day", "currency", "orders", "revenue", "refunds"], &rows, |row| {
            let (revenue, refunds) = (row.revenue.to_string(), row.refunds.to_string());
            vec![row.day.to_string(), row.currency.to_owned(), row.orders.to_string(), revenue, refunds]
        })
    }
}
