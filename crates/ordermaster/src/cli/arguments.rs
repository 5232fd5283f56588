//! How things are written on the command line: times, moments, items, amounts.

use std::fmt;
use std::str::FromStr;

use annals::ports::{Clock, SystemClock};
use annals::{AsOf, EventId, Timestamp};
use ordermaster_domain::{
    Currency, Description, Money, MoneyError, NewItem, OrderPhase, Quantity, ReturnedItem, Sku,
};
use rust_decimal::Decimal;

use super::AppError;
use crate::read_models::Day;

/// An argument that is not written as it should be; the message says how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidArgument(String);

/// A time: an instant, a whole day in UTC, or now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// Now.
    Now,
    /// An instant.
    Instant(Timestamp),
    /// A day.
    Day(Day),
}

impl Time {
    /// Its first instant.
    pub(super) fn begin(self) -> Timestamp {
        match self {
            Self::Now => SystemClock.now(),
            Self::Instant(instant) => instant,
            Self::Day(day) => day.begin(),
        }
    }

    /// Its first instant, of which there must be something to know.
    ///
    /// # Errors
    /// When it is in the future.
    pub(super) fn begin_in_the_past(self) -> Result<Timestamp, AppError> {
        let (begin, now) = (self.begin(), SystemClock.now());
        if begin <= now {
            return Ok(begin);
        }
        let asked = match self {
            Self::Day(day) => day.to_string(),
            time => time.begin().to_string(),
        };
        Err(AppError::Usage(format!("{asked} is in the future: write a time up to now, for example {now}")))
    }

    /// Its last instant; the day that is not over has one, too.
    ///
    /// # Errors
    /// When it begins in the future.
    pub(super) fn end_in_the_past(self) -> Result<Timestamp, AppError> {
        self.begin_in_the_past().map(|_| self.end())
    }

    /// Its last instant.
    pub(super) fn end(self) -> Timestamp {
        match self {
            Self::Day(day) => day.end(),
            time => time.begin(),
        }
    }
}

impl FromStr for Time {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "now" {
            return Ok(Self::Now);
        }
        if let Ok(day) = text.parse() {
            return Ok(Self::Day(day));
        }
        text.parse().map(Self::Instant).map_err(|_| {
            InvalidArgument("write a time as 2024-02-29T12:00:00Z, a day as 2024-02-29, or now".to_owned())
        })
    }
}

/// A moment in a stream's history: a version, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// After so many events.
    Version(u64),
    /// At a time.
    Time(Time),
}

impl Moment {
    /// The moment, a day counting from its beginning.
    ///
    /// # Errors
    /// When it is in the future.
    pub(super) fn at_begin(self) -> Result<AsOf, AppError> {
        Ok(match self {
            Self::Version(version) => AsOf::version(version),
            Self::Time(Time::Now) => AsOf::Latest,
            Self::Time(time) => AsOf::time(time.begin_in_the_past()?),
        })
    }

    /// The moment, a day counting to its end.
    ///
    /// # Errors
    /// When it is in the future.
    pub(super) fn at_end(self) -> Result<AsOf, AppError> {
        Ok(match self {
            Self::Version(version) => AsOf::version(version),
            Self::Time(Time::Now) => AsOf::Latest,
            Self::Time(time) => AsOf::time(time.end_in_the_past()?),
        })
    }
}

impl FromStr for Moment {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(Ok(version)) = text.strip_prefix('v').map(str::parse) {
            return Ok(Self::Version(version));
        }
        text.parse().map(Self::Time).map_err(|_| {
            let how = "write a version as v3, or a time as 2024-02-29T12:00:00Z, 2024-02-29, or now";
            InvalidArgument(how.to_owned())
        })
    }
}

/// An amount: `12.50`, in the currency that the command works in, or `"12.50 GBP"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// A number.
    Number(Decimal),
    /// A number with its currency.
    Money(Money),
}

impl Amount {
    /// The amount, in `currency` unless it names its own.
    ///
    /// # Errors
    /// When the currency has fewer decimals, or the amount is out of range.
    pub(super) fn in_currency(self, currency: Currency) -> Result<Money, MoneyError> {
        match self {
            Self::Number(number) => Money::new(number, currency),
            Self::Money(money) => Ok(money),
        }
    }
}

impl FromStr for Amount {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().contains(' ') {
            return text
                .parse()
                .map(Self::Money)
                .map_err(|error: ordermaster_domain::InvalidMoney| invalid(&error));
        }
        Decimal::from_str_exact(text.trim())
            .map(Self::Number)
            .map_err(|_| InvalidArgument(format!("{text:?} is no amount: write 12.50, or \"12.50 GBP\"")))
    }
}

/// An item to order, as `SKU:QUANTITY:PRICE[:DESCRIPTION]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ItemArgument {
    sku: Sku,
    quantity: Quantity,
    price: Amount,
    description: Description,
}

impl ItemArgument {
    /// The item, priced in `currency` unless it names its own.
    ///
    /// # Errors
    /// When the currency has no such price.
    pub(super) fn in_currency(&self, currency: Currency) -> Result<NewItem, MoneyError> {
        Ok(NewItem {
            sku: self.sku.clone(),
            description: self.description.clone(),
            quantity: self.quantity,
            unit_price: self.price.in_currency(currency)?,
        })
    }
}

impl FromStr for ItemArgument {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(4, ':');
        let (Some(sku), Some(quantity), Some(price)) = (parts.next(), parts.next(), parts.next()) else {
            let how = "write SKU:QUANTITY:PRICE or SKU:QUANTITY:PRICE:DESCRIPTION, for example TEA:2:4.50";
            return Err(InvalidArgument(how.to_owned()));
        };
        Ok(Self {
            sku: parsed(sku)?,
            quantity: parsed(quantity)?,
            price: price.parse()?,
            description: parsed(parts.next().unwrap_or_default())?,
        })
    }
}

/// Pieces that came back, as `SKU:QUANTITY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReturnedArgument(pub(super) ReturnedItem);

impl FromStr for ReturnedArgument {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (sku, quantity) = text
            .rsplit_once(':')
            .ok_or_else(|| InvalidArgument("write SKU:QUANTITY, for example TEA:1".to_owned()))?;
        Ok(Self(ReturnedItem { sku: parsed(sku)?, quantity: parsed(quantity)? }))
    }
}

/// A new id of its own, for what was given none; ids sort by the time they were made.
pub(super) fn new_id<I: FromStr>() -> Result<I, AppError>
where
    I::Err: fmt::Display,
{
    EventId::new().to_string().parse().map_err(AppError::argument)
}

/// How far an order has come, by its name.
pub(super) fn status(text: &str) -> Result<OrderPhase, InvalidArgument> {
    let known = OrderPhase::ALL.into_iter().filter(|phase| *phase != OrderPhase::Absent);
    known.clone().find(|phase| phase.name() == text).ok_or_else(|| {
        let names: Vec<_> = known.map(OrderPhase::name).collect();
        InvalidArgument(format!("no order is {text:?}: write {}", names.join(", ")))
    })
}

/// A number of things to do or to print.
pub(super) fn at_least_one(text: &str) -> Result<usize, InvalidArgument> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| InvalidArgument("write a whole number from 1, for example 50".to_owned()))
}

/// A number that may be 0.
pub(super) fn whole(text: &str) -> Result<u64, InvalidArgument> {
    text.parse().map_err(|_| InvalidArgument("write a whole number from 0, for example 50".to_owned()))
}

fn parsed<T: FromStr>(text: &str) -> Result<T, InvalidArgument>
where
    T::Err: fmt::Display,
{
    text.parse().map_err(|error| invalid(&error))
}

fn invalid(error: &impl fmt::Display) -> InvalidArgument {
    InvalidArgument(error.to_string())
}

#[cfg(test)]
mod tests {
    use annals::AsOf;
    use ordermaster_domain::Currency;

    use super::{Amount, ItemArgument, Moment, Time};

    #[test]
    fn a_day_begins_and_ends() {
        let day: Time = "2024-02-29".parse().unwrap();
        assert_eq!(day.begin().to_string(), "2024-02-29T00:00:00.000000Z");
        assert_eq!(day.end().to_string(), "2024-02-29T23:59:59.999999Z");
        assert!("yesterday".parse::<Time>().is_err());
    }

    #[test]
    fn a_moment_is_a_version_or_a_time() {
        assert_eq!("v3".parse::<Moment>().unwrap().at_end().unwrap(), AsOf::version(3));
        assert_eq!("now".parse::<Moment>().unwrap().at_end().unwrap(), AsOf::Latest);
        let instant = "2024-02-29T12:00:00Z";
        let moment: Moment = instant.parse().unwrap();
        assert_eq!(moment.at_end().unwrap(), AsOf::time(instant.parse().unwrap()));
        assert!("9000-01-01".parse::<Moment>().unwrap().at_begin().is_err());
        assert!("3".parse::<Moment>().is_err());
    }

    #[test]
    fn an_amount_takes_the_currency_at_hand_unless_it_names_its_own() {
        let in_pounds =
            |text: &str| text.parse::<Amount>().unwrap().in_currency(Currency::GBP).unwrap().to_string();
        assert_eq!(in_pounds("12.5"), "12.50 GBP");
        assert_eq!(in_pounds("12.5 USD"), "12.50 USD");
        assert!("12,5".parse::<Amount>().is_err());
    }

    #[test]
    fn an_item_is_sku_quantity_price_and_perhaps_a_description() {
        let item =
            "TEA:2:4.50:Green: loose".parse::<ItemArgument>().unwrap().in_currency(Currency::GBP).unwrap();
        assert_eq!((item.sku.as_str(), item.quantity.get()), ("TEA", 2));
        assert_eq!(
            (item.unit_price.to_string().as_str(), item.description.as_str()),
            ("4.50 GBP", "Green: loose")
        );
        assert!("TEA:2".parse::<ItemArgument>().is_err());
        assert!("TEA:0:1".parse::<ItemArgument>().is_err());
    }
}
