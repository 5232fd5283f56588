//! Sales by business day.

use annals::View;
use annals::ports::RowQuery;
use annals::projection::ViewReadError;
use ordermaster_domain::Currency;

use crate::read_models::{DailySales, DailySalesRow, Day, DayCurrency};

/// Which days and currencies; what is none is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SalesQuery {
    /// The first day.
    pub from: Option<Day>,
    /// The last day, itself included.
    pub to: Option<Day>,
    /// The currency.
    pub currency: Option<Currency>,
}

/// Sales by day and currency, the first day first.
///
/// # Errors
/// When the view cannot be read.
pub async fn by_day(
    view: &View<DailySales>,
    wanted: SalesQuery,
) -> Result<Vec<(DayCurrency, DailySalesRow)>, ViewReadError> {
    // There is a row for each day and currency, few enough to be sifted here.
    let rows = view.all(RowQuery::all().limit(1_000)).await?;
    Ok(rows.into_iter().filter(|(key, _)| wanted.holds(*key)).collect())
}

impl SalesQuery {
    fn holds(self, key: DayCurrency) -> bool {
        self.from.is_none_or(|from| from <= key.day)
            && self.to.is_none_or(|to| key.day <= to)
            && self.currency.is_none_or(|currency| currency == key.currency)
    }
}
