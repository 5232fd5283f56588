//! One line of an invoice file: fields in, a line or the reason why it is refused out. Pure; knows no other line.
//!
//! Amounts are pounds, times are UTC. `17850.0` and `17850` are the same customer; an empty one and `0.0` are none.

use annals::Timestamp;
use ordermaster_domain::{Address, Currency, CustomerId, Description, Money, MoneyError, Quantity, Sku};
use rust_decimal::Decimal;

use super::refusal::Refusal;

/// The columns that a file must have, in any order; others are passed over.
pub const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// The fields of a line, in the order of [`COLUMNS`].
pub type Fields<'a> = [&'a str; COLUMNS.len()];

/// A line that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The invoice's number, a cancellation's with its `C`.
    pub invoice: Box<str>,
    /// What the line does.
    pub kind: LineKind,
    /// The article.
    pub sku: Sku,
    /// What it is called.
    pub description: Description,
    /// How many pieces were sold, or came back.
    pub quantity: Quantity,
    /// The price of one piece.
    pub unit_price: Money,
    /// The price of all pieces.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
    /// Who; none for a guest.
    pub customer: Option<CustomerId>,
    /// Where to: only the country is known.
    pub address: Address,
}

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It sells.
    Sale,
    /// It gives back.
    Cancellation,
}

/// Reads a line.
///
/// # Errors
/// The first reason, in [`Refusal`]'s order, why it is no line.
pub fn read(fields: &Fields<'_>) -> Result<Line, Refusal> {
    let [invoice, sku, description, quantity, date, price, customer, country] = fields.map(str::trim);
    let kind = kind_of(invoice)?;
    let at = read_date(date).ok_or(Refusal::InvoiceDate)?;
    let sku = Sku::new(sku).map_err(|_| Refusal::StockCode)?;
    let description = Description::new(description).map_err(|_| Refusal::Description)?;
    let quantity = read_quantity(quantity, kind)?;
    let unit_price = read_price(price)?;
    let amount = unit_price.times(quantity).map_err(|_| Refusal::Amount)?;
    let customer = read_customer(customer)?;
    let address = Address::new([], country).map_err(|_| Refusal::Country)?;
    Ok(Line {
        invoice: invoice.into(),
        kind,
        sku,
        description,
        quantity,
        unit_price,
        amount,
        at,
        customer,
        address,
    })
}

fn kind_of(invoice: &str) -> Result<LineKind, Refusal> {
    let (kind, digits) = match invoice.strip_prefix(['C', 'c']) {
        Some(digits) => (LineKind::Cancellation, digits),
        None => (LineKind::Sale, invoice),
    };
    if (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(kind)
    } else {
        Err(Refusal::InvoiceNumber)
    }
}

/// `2010-12-01 08:26:00`, with or without seconds, or `12/1/2010 8:26` as the data set's spreadsheet writes it.
fn read_date(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut clock = time.trim_end_matches('Z').split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = match clock.next() {
        Some(second) => second?,
        None => 0,
    };
    if clock.next().is_some() {
        return None;
    }
    let (year, month, day) = match *date.split('/').collect::<Vec<_>>() {
        [month, day, year] => (year, month, day),
        [_] => {
            let (year, rest) = date.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            (year, month, day)
        }
        _ => return None,
    };
    let (year, month, day): (u16, u8, u8) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z").parse().ok()
}

fn read_quantity(text: &str, kind: LineKind) -> Result<Quantity, Refusal> {
    let number: i64 = text.parse().map_err(|_| Refusal::Quantity)?;
    let pieces = u32::try_from(number.unsigned_abs()).map_err(|_| Refusal::Quantity)?;
    let pieces = Quantity::new(pieces).map_err(|_| Refusal::QuantityZero)?;
    match (kind, number > 0) {
        (LineKind::Sale, false) => Err(Refusal::NegativeOutsideCancellation),
        (LineKind::Cancellation, true) => Err(Refusal::PositiveInCancellation),
        _ => Ok(pieces),
    }
}

fn read_price(text: &str) -> Result<Money, Refusal> {
    let price: Decimal = Decimal::from_str_exact(text).map_err(|_| Refusal::UnitPrice)?;
    if price < Decimal::ZERO {
        return Err(Refusal::PriceNegative);
    }
    if price.is_zero() {
        return Err(Refusal::PriceZero);
    }
    Money::new(price, Currency::GBP).map_err(|error| match error {
        MoneyError::TooManyDecimals { .. } => Refusal::PriceDecimals,
        _ => Refusal::UnitPrice,
    })
}

fn read_customer(text: &str) -> Result<Option<CustomerId>, Refusal> {
    let number = text.strip_suffix(".0").unwrap_or(text);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Customer);
    }
    match number.trim_start_matches('0') {
        "" => Ok(None),
        number => CustomerId::new(number).map(Some).map_err(|_| Refusal::Customer),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, LineKind, read, read_date};
    use crate::import::Refusal;

    const GOOD: Fields<'static> =
        ["536365", "85123A", "HOLDER", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"];

    fn with(column: usize, text: &'static str) -> Fields<'static> {
        let mut fields = GOOD;
        fields[column] = text;
        fields
    }

    #[test]
    fn a_good_line_is_read() {
        let line = read(&GOOD).unwrap();
        assert_eq!(line.kind, LineKind::Sale);
        assert_eq!(line.amount.to_string(), "15.30 GBP");
        assert_eq!(line.at.to_string(), "2010-12-01T08:26:00.000000Z");
        assert_eq!(line.customer.unwrap().as_str(), "17850");
        assert_eq!(line.address.country(), "United Kingdom");
    }

    #[test]
    fn a_cancellation_counts_what_came_back() {
        let mut fields = with(0, "C536365");
        fields[3] = "-6";
        let line = read(&fields).unwrap();
        assert_eq!((line.kind, line.quantity.get()), (LineKind::Cancellation, 6));
    }

    #[test]
    fn each_fault_has_its_reason() {
        let cases = [
            (0, "A563185", Refusal::InvoiceNumber),
            (0, "", Refusal::InvoiceNumber),
            (0, "C", Refusal::InvoiceNumber),
            (4, "2010-02-30 08:26:00", Refusal::InvoiceDate),
            (4, "2010-12-01", Refusal::InvoiceDate),
            (4, "yesterday", Refusal::InvoiceDate),
            (1, "", Refusal::StockCode),
            (1, "22 633", Refusal::StockCode),
            (2, "a\u{7}bell", Refusal::Description),
            (3, "six", Refusal::Quantity),
            (3, "1.5", Refusal::Quantity),
            (3, "4294967296", Refusal::Quantity),
            (3, "0", Refusal::QuantityZero),
            (3, "-1", Refusal::NegativeOutsideCancellation),
            (5, "cheap", Refusal::UnitPrice),
            (5, "1000000000000000", Refusal::UnitPrice),
            (5, "-0.01", Refusal::PriceNegative),
            (5, "0.0", Refusal::PriceZero),
            (5, "0.001", Refusal::PriceDecimals),
            (5, "999999999999999", Refusal::Amount),
            (6, "17850.5", Refusal::Customer),
            (6, "Ada", Refusal::Customer),
            (7, "", Refusal::Country),
        ];
        for (column, text, reason) in cases {
            assert_eq!(read(&with(column, text)), Err(reason), "{text:?} in column {column}");
        }
        assert_eq!(read(&with(0, "C536365")), Err(Refusal::PositiveInCancellation));
    }

    #[test]
    fn of_several_faults_the_first_in_the_list_counts() {
        let mut fields = with(3, "-1");
        fields[5] = "0.0";
        assert_eq!(read(&fields), Err(Refusal::NegativeOutsideCancellation));
        fields[0] = "A1";
        assert_eq!(read(&fields), Err(Refusal::InvoiceNumber));
    }

    #[test]
    fn guests_have_no_customer() {
        for text in ["", "0.0", "0"] {
            assert_eq!(read(&with(6, text)).unwrap().customer, None, "{text:?}");
        }
        assert_eq!(read(&with(6, "17850")).unwrap().customer, read(&GOOD).unwrap().customer);
    }

    #[test]
    fn the_spreadsheets_dates_are_read_as_well() {
        assert_eq!(read_date("12/1/2010 8:26"), read_date("2010-12-01 08:26:00"));
        assert_eq!(read_date("2010-12-01 08:26"), read_date("2010-12-01T08:26:00Z"));
        assert_eq!(read_date("2010-12-01 08:26:00:00"), None);
        assert_eq!(read_date("1/2/3/2010 8:26"), None);
    }
}
