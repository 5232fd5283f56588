//! Money's laws, over any amounts.

use ordermaster_domain::{Currency, InvalidMoney, Money, MoneyError, Quantity, TaxRate};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::given::value;

const BOUND: i128 = 1_000_000_000_000_000;

fn currency() -> impl Strategy<Value = Currency> {
    proptest::sample::select(Currency::all().collect::<Vec<_>>())
}

fn amount_of(currency: Currency) -> impl Strategy<Value = Money> {
    let units = BOUND * 10_i128.pow(currency.minor_units());
    let any_units = prop_oneof![(1 - units)..units, -1_000_i128..1_000];
    any_units.prop_map(move |units| {
        Money::new(Decimal::from_i128_with_scale(units, currency.minor_units()), currency)
            .expect("it is in range")
    })
}

fn amount() -> impl Strategy<Value = Money> {
    currency().prop_flat_map(amount_of)
}

fn two_amounts() -> impl Strategy<Value = (Money, Money)> {
    currency().prop_flat_map(|currency| (amount_of(currency), amount_of(currency)))
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0_u32..=28).prop_map(
        |(low, middle, high, negative, scale)| Decimal::from_parts(low, middle, high, negative, scale),
    )
}

proptest! {
    #[test]
    fn whatever_decimal_comes_money_is_exact_or_refused(decimal in any_decimal(), currency in currency()) {
        match Money::new(decimal, currency) {
            Ok(money) => {
                prop_assert_eq!(money.amount(), decimal);
                prop_assert_eq!(money.amount().scale(), currency.minor_units());
            }
            Err(MoneyError::Overflow { .. }) => prop_assert!(decimal.abs() >= Decimal::from(BOUND)),
            Err(MoneyError::TooManyDecimals { .. }) => {
                prop_assert!(decimal.normalize().scale() > currency.minor_units());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn whatever_decimal_comes_rounding_moves_it_by_half_a_unit_at_most(decimal in any_decimal(), currency in currency()) {
        if let Ok(money) = Money::rounded(decimal, currency) {
            let half = Decimal::new(5, currency.minor_units() + 1);
            prop_assert!((money.amount() - decimal).abs() <= half);
        }
    }

    #[test]
    fn whatever_text_comes_nothing_panics(text in any::<String>()) {
        if let Ok(money) = text.parse::<Money>() {
            prop_assert_eq!(value::<Money>(&money.to_string()), money);
        }
        drop(text.parse::<Currency>());
        drop(text.parse::<TaxRate>());
        drop(text.parse::<Quantity>());
    }

    #[test]
    fn text_and_json_read_back(money in amount()) {
        prop_assert_eq!(value::<Money>(&money.to_string()), money);
        let json = serde_json::to_string(&money).expect("money can be written");
        prop_assert_eq!(serde_json::from_str::<Money>(&json).expect("written money can be read"), money);
    }

    #[test]
    fn subtracting_undoes_adding((left, right) in two_amounts()) {
        match left.checked_add(right) {
            Ok(sum) => {
                prop_assert_eq!(sum.checked_sub(right), Ok(left));
                prop_assert_eq!(right.checked_add(left), Ok(sum));
            }
            Err(error) => {
                prop_assert_eq!(error, MoneyError::Overflow { currency: left.currency() });
                prop_assert!((left.amount() + right.amount()).abs() >= Decimal::from(BOUND));
            }
        }
    }

    #[test]
    fn one_of_two_different_amounts_exceeds_the_other((left, right) in two_amounts()) {
        let exceeds = (left.exceeds(right), right.exceeds(left));
        prop_assert_eq!(exceeds, (Ok(left.amount() > right.amount()), Ok(left.amount() < right.amount())));
    }

    #[test]
    fn currencies_never_mix(left in amount(), right in amount()) {
        prop_assume!(left.currency() != right.currency());
        let mixed = MoneyError::MixedCurrencies { left: left.currency(), right: right.currency() };
        prop_assert_eq!(left.checked_add(right), Err(mixed.clone()));
        prop_assert_eq!(left.checked_sub(right), Err(mixed.clone()));
        prop_assert_eq!(left.same_currency(right), Err(mixed));
        prop_assert!(left.exceeds(right).is_err());
    }

    #[test]
    fn times_is_exact_or_refused(money in amount(), number in 1..=u32::MAX) {
        let quantity = Quantity::new(number).expect("more than none");
        let product = money.amount() * Decimal::from(number);
        match money.times(quantity) {
            Ok(price) => prop_assert_eq!(price.amount(), product),
            Err(_) => prop_assert!(product.abs() >= Decimal::from(BOUND)),
        }
    }

    #[test]
    fn a_tax_is_never_more_than_what_is_taxed(money in amount(), millionths in 0_i64..=1_000_000) {
        let rate = TaxRate::new(Decimal::new(millionths, 6)).expect("it is in range");
        let tax = rate.on(money).expect("no more than the amount");
        prop_assert!(tax.amount().abs() <= money.amount().abs());
        prop_assert!(tax.is_zero() || tax.is_negative() == money.is_negative());
    }
}

#[test]
fn money_has_as_many_decimals_as_its_currency() {
    for (text, written) in
        [("1 GBP", "1.00 GBP"), ("1.5 KWD", "1.500 KWD"), ("150 JPY", "150 JPY"), ("-0 EUR", "0.00 EUR")]
    {
        assert_eq!(value::<Money>(text).to_string(), written);
    }
    assert_eq!(value::<Money>("1.500 GBP"), value("1.5 GBP"));
    let (amount, currency) = (Decimal::new(15, 1), Currency::JPY);
    let error = MoneyError::TooManyDecimals { amount, currency, allowed: 0 };
    assert_eq!(Money::new(amount, currency), Err(error.clone()));
    assert_eq!(error.to_string(), "1.5 JPY has more decimals than the 0 that JPY has: round it first");
}

#[test]
fn money_ends_below_a_quadrillion() {
    assert!("999999999999999.999 KWD".parse::<Money>().is_ok());
    let overflow = InvalidMoney::Money(MoneyError::Overflow { currency: Currency::KWD });
    assert_eq!("1000000000000000 KWD".parse::<Money>(), Err(overflow.clone()));
    assert_eq!("-1000000000000000 KWD".parse::<Money>(), Err(overflow));
}

#[test]
fn only_plain_decimals_with_a_currency_are_read() {
    for text in [
        "",
        "12",
        "GBP",
        "GBP 12",
        "1e3 GBP",
        "1_000 GBP",
        "1,5 GBP",
        ".5 GBP",
        "5. GBP",
        "+5 GBP",
        "1.2.3 GBP",
    ] {
        assert!(text.parse::<Money>().is_err(), "{text:?}");
    }
    let long = format!("0.{}1 GBP", "0".repeat(40));
    assert!(long.parse::<Money>().is_err(), "nothing is rounded in silence");
}

#[test]
fn halves_round_away_from_zero() {
    let rounded = |text: &str| {
        Money::rounded(text.parse().expect("a decimal"), Currency::EUR).expect("in range").to_string()
    };
    assert_eq!(
        ["0.005", "0.015", "-0.005", "0.0049"].map(rounded),
        ["0.01 EUR", "0.02 EUR", "-0.01 EUR", "0.00 EUR"]
    );
}
