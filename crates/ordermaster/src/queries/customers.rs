//! What a customer ordered, and what it came to.

use annals::View;
use annals::ports::{IndexValue, RowQuery};
use annals::projection::ViewReadError;
use ordermaster_domain::CustomerId;

use crate::read_models::{
    CustomerCurrency, CustomerOrder, CustomerOrderRow, CustomerOrders, CustomerTotals, CustomerTotalsRow,
};

/// A customer's orders, the one placed last first; at most `limit`.
///
/// # Errors
/// When the view cannot be read.
pub async fn orders_of(
    view: &View<CustomerOrders>,
    customer: &CustomerId,
    limit: usize,
) -> Result<Vec<(CustomerOrder, CustomerOrderRow)>, ViewReadError> {
    let mut query = RowQuery::index("customer", IndexValue::of([customer])).backward();
    let mut rows = Vec::new();
    while rows.len() < limit {
        let page = view.page(&query.clone().limit(limit - rows.len())).await?;
        rows.extend(page.rows);
        match page.next {
            Some(token) => query = query.after(token),
            None => break,
        }
    }
    Ok(rows)
}

/// What a customer spent and got back, by currency.
///
/// # Errors
/// When the view cannot be read.
pub async fn totals_of(
    view: &View<CustomerTotals>,
    customer: &CustomerId,
) -> Result<Vec<(CustomerCurrency, CustomerTotalsRow)>, ViewReadError> {
    // The blank ends the customer's id, so that `ada` does not find `adam`.
    view.all(RowQuery::keys(format!("{customer} "))).await
}
