//! What there is to sell, and who buys it. Pure tables: nothing here is drawn.

use ordermaster_domain::{Address, Currency, CustomerId, Description, Money, Sku, TaxRate};
use rust_decimal::Decimal;

use super::step::valid;

const THINGS: [&str; 16] = [
    "teapot", "cup", "saucer", "kettle", "lantern", "clock", "cushion", "blanket", "basket", "vase", "frame",
    "tray", "lamp", "candle", "bowl", "jug",
];
const COLOURS: [&str; 12] =
    ["blue", "red", "green", "white", "black", "cream", "pink", "grey", "gold", "silver", "brown", "yellow"];
const NAMES: [&str; 25] = [
    "ada", "ben", "clara", "dora", "emil", "fay", "greta", "hugo", "ines", "jan", "kofi", "lea", "mia",
    "nils", "olga", "paul", "quinn", "rosa", "sven", "tara", "uma", "vera", "wim", "yara", "zoe",
];
const CITIES: [(&str, &str); 8] = [
    ("London", "United Kingdom"),
    ("Leeds", "United Kingdom"),
    ("Paris", "France"),
    ("Berlin", "Germany"),
    ("Bergen", "Norway"),
    ("Boston", "United States"),
    ("Zürich", "Switzerland"),
    ("Osaka", "Japan"),
];

/// An article.
#[derive(Clone, Debug)]
pub(super) struct Article {
    pub(super) sku: Sku,
    pub(super) description: Description,
    cents: i64,
}

impl Article {
    /// The article with this number, in the business of this seed.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let (thing, colour) = (pick(&THINGS, number), pick(&COLOURS, number / THINGS.len() as u64));
        let sku = format!("{thing}-{colour}-s{seed}").to_uppercase();
        Self {
            sku: valid(Sku::new(&sku)),
            description: valid(Description::new(&format!("{thing}, {colour}"))),
            cents: 150 + i64::try_from(number * 7_919 % 4_800).unwrap_or(0),
        }
    }

    /// Its price; as many yen as pence.
    pub(super) fn price(&self, currency: Currency) -> Money {
        valid(Money::new(Decimal::new(self.cents, currency.minor_units()), currency))
    }
}

/// The customer with this number.
pub(super) fn customer(number: u64) -> CustomerId {
    let (name, of_name) = (pick(&NAMES, number), number / NAMES.len() as u64 + 1);
    valid(CustomerId::new(&format!("{name}-{of_name}")))
}

/// Whose account the one with this number is.
pub(super) fn owner(number: u64) -> &'static str {
    pick(&NAMES, number)
}

/// The address of the customer with this number.
pub(super) fn address(number: u64) -> Address {
    let (city, country) = pick(&CITIES, number);
    let street = format!("{} High Street", number % 90 + 1);
    valid(Address::new([street.as_str(), city], country))
}

/// What is charged in, and at which tax, by a number from 0 to 99.
pub(super) fn currency(of_hundred: u64) -> (Currency, TaxRate) {
    let (currency, hundredths) = match of_hundred {
        0..60 => (Currency::GBP, 20),
        60..85 => (Currency::EUR, 19),
        85..95 => (Currency::USD, 8),
        _ => (Currency::JPY, 10),
    };
    (currency, valid(TaxRate::new(Decimal::new(hundredths, 2))))
}

fn pick<T: Copy>(table: &[T], number: u64) -> T {
    let place = number % table.len() as u64;
    table[usize::try_from(place).unwrap_or(0)]
}
