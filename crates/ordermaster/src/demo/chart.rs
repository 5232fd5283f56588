//! Sales by day as a bar chart, from the read model `daily_sales`; by month where there are many days.

use std::collections::BTreeMap;
use std::fmt;

use ordermaster_domain::Currency;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::text::grouped;
use super::{DemoError, Piece};
use crate::app::OrderMaster;
use crate::queries::sales::{SalesQuery, by_day};

/// The most bars of a day each.
const DAYS: usize = 31;
/// The longest bar.
const LENGTH: u64 = 44;

/// Sales in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SalesChart {
    /// The currency: the one with the most orders.
    pub currency: &'static str,
    /// Sales by day or month, the first one first.
    pub bars: Vec<Bar>,
    /// Orders in other currencies.
    pub other_orders: u64,
}

/// Sales of a day or month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// The day or month.
    pub label: String,
    /// Orders placed in it.
    pub orders: u64,
    /// What was paid for them, less what was given back.
    pub sales: Decimal,
}

impl SalesChart {
    /// All sales of the shop.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub async fn of(shop: &OrderMaster) -> Result<Self, DemoError> {
        let rows = by_day(&shop.store().view(), SalesQuery::default()).await?;
        let mut orders = BTreeMap::<Currency, u64>::new();
        for (key, row) in &rows {
            *orders.entry(key.currency).or_default() += row.orders;
        }
        let currency =
            orders.iter().max_by_key(|(_, orders)| **orders).map_or(Currency::GBP, |(currency, _)| *currency);
        let days = rows.into_iter().filter(|(key, _)| key.currency == currency).map(|(key, row)| Bar {
            label: key.day.to_string(),
            orders: row.orders,
            sales: row.revenue - row.refunds,
        });
        let other_orders =
            orders.iter().filter(|(other, _)| **other != currency).map(|(_, orders)| orders).sum();
        Ok(Self { currency: currency.code(), bars: at_most(DAYS, days.collect()), other_orders })
    }
}

/// The bars themselves, or their months where there are more than `most`.
fn at_most(most: usize, days: Vec<Bar>) -> Vec<Bar> {
    if days.len() <= most {
        return days;
    }
    let mut months: Vec<Bar> = Vec::new();
    for day in days {
        let label = day.label.get(..7).unwrap_or(&day.label).to_owned();
        match months.last_mut().filter(|month| month.label == label) {
            Some(month) => {
                month.orders += day.orders;
                month.sales += day.sales;
            }
            None => months.push(Bar { label, ..day }),
        }
    }
    months
}

impl Piece for SalesChart {
    const TITLE: &'static str = "Sales by day";
    const ABOUT: &'static str = "Analytics straight from the events, booked on the day of the order.";
}

impl fmt::Display for SalesChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.bars.iter().map(|bar| bar.sales).max().unwrap_or_default();
        write!(f, "  {:<10}  {:>7}  {:>14}", "", "orders", format!("{} net", self.currency))?;
        for bar in &self.bars {
            let sales = grouped(bar.sales.round().to_u64().unwrap_or(0));
            let drawn = drawn(bar.sales, most);
            write!(f, "\n  {:<10}  {:>7}  {sales:>14}  {drawn}", bar.label, grouped(bar.orders))?;
        }
        match self.other_orders {
            0 => Ok(()),
            more => write!(f, "\n  and {} orders in other currencies", grouped(more)),
        }
    }
}

/// A bar as long as `sales` is of `most`; what sold at all has at least half a block.
fn drawn(sales: Decimal, most: Decimal) -> String {
    if sales <= Decimal::ZERO || most <= Decimal::ZERO {
        return String::new();
    }
    let halves = (sales * Decimal::from(LENGTH * 2) / most).round().to_usize().unwrap_or(0).max(1);
    let half = if halves % 2 == 1 { "▌" } else { "" };
    format!("{}{half}", "█".repeat(halves / 2))
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{Bar, SalesChart, at_most, drawn};

    fn bar(label: &str, sales: i64) -> Bar {
        Bar { label: label.to_owned(), orders: 3, sales: Decimal::from(sales) }
    }

    #[test]
    fn bars_are_as_long_as_sales_are_high() {
        let most = Decimal::from(100);
        assert_eq!(drawn(most, most).chars().count(), 44);
        assert_eq!(drawn(Decimal::from(50), most).chars().count(), 22);
        assert_eq!(drawn(Decimal::ONE, Decimal::from(10_000)), "▌");
        assert_eq!(drawn(Decimal::from(-5), most), "");
        assert_eq!(drawn(Decimal::ZERO, Decimal::ZERO), "");
    }

    #[test]
    fn a_chart_keeps_to_its_columns() {
        let bars = vec![bar("2026-03-02", 1_234_567), bar("2026-03-03", 617_283)];
        let text = SalesChart { currency: "GBP", bars, other_orders: 4_000 }.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "               orders         GBP net");
        assert!(lines[1].starts_with("  2026-03-02        3       1,234,567  ████"), "{}", lines[1]);
        assert!(lines.iter().all(|line| line.chars().count() <= 90), "{text}");
        assert_eq!(lines[3], "  and 4,000 orders in other currencies");
    }

    #[test]
    fn many_days_are_told_by_month() {
        let days: Vec<_> = (1..=28).flat_map(|day| [1, 2].map(|month| (month, day))).collect();
        let mut days: Vec<_> =
            days.into_iter().map(|(month, day)| bar(&format!("2011-{month:02}-{day:02}"), 10)).collect();
        days.sort_by(|left, right| left.label.cmp(&right.label));
        let months = at_most(31, days.clone());
        assert_eq!(months.iter().map(|bar| bar.label.as_str()).collect::<Vec<_>>(), ["2011-01", "2011-02"]);
        assert_eq!((months[0].orders, months[0].sales), (84, Decimal::from(280)));
        assert_eq!(at_most(56, days.clone()), days);
    }
}
