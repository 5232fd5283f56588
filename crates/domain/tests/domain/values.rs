//! The values: what is refused where they are made, and how they are written and read.

use std::fmt::Debug;
use std::str::FromStr;

use ordermaster_domain::{
    Address, Currency, CustomerId, Description, GatewayResponse, InvalidAddress, InvalidPaymentMethod,
    InvalidTaxRate, InvalidText, LineNumber, Money, OrderId, PaymentMethod, Quantity, Reason, Sku, TaxRate,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::given::value;

/// The JSON of a value, which reads back as the value.
#[track_caller]
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let json = serde_json::to_string(value).expect("every value can be written");
    assert_eq!(serde_json::from_str::<T>(&json).expect("every written value can be read"), *value);
    json
}

#[track_caller]
fn unreadable<T: DeserializeOwned + Debug>(json: &str) {
    let read = serde_json::from_str::<T>(json);
    assert!(read.is_err(), "{json} was read as {read:?}");
}

#[track_caller]
fn invalid<T: FromStr<Err: std::error::Error> + Debug>(text: &str, message: &str) {
    match text.parse::<T>() {
        Err(error) => assert_eq!(error.to_string(), message),
        Ok(value) => panic!("{text:?} was taken for {value:?}"),
    }
}

#[test]
fn ids_are_1_to_128_visible_ascii_characters() {
    for text in ["o", "2024-0042", "~!", &"x".repeat(128)] {
        assert_eq!(OrderId::new(text).expect("a valid id").to_string(), text);
    }
    for text in ["", "a b", "ö", "a\n", &"x".repeat(129)] {
        assert!(OrderId::new(text).is_err(), "{text:?}");
    }
    invalid::<Sku>("a b", "this is no sku: id \"a b\" holds ' ': only visible ASCII characters are allowed");
    assert_eq!(json(&value::<CustomerId>("c-1")), r#""c-1""#);
    unreadable::<CustomerId>(r#""""#);
    unreadable::<CustomerId>("7");
}

#[test]
fn quantities_and_line_numbers_start_at_one() {
    assert_eq!(Quantity::new(1), Ok(Quantity::ONE));
    assert!(Quantity::new(0).is_err());
    assert_eq!(json(&value::<Quantity>("12")), "12");
    assert_eq!(json(&value::<LineNumber>("12")), "12");
    for text in ["0", "-1", "1.5", "4294967296", "x", ""] {
        assert!(text.parse::<Quantity>().is_err(), "{text:?}");
        assert!(text.parse::<LineNumber>().is_err(), "{text:?}");
    }
    unreadable::<Quantity>("0");
    unreadable::<LineNumber>("0");
}

#[test]
fn tax_rates_lie_between_0_and_1_with_at_most_6_decimals() {
    for text in ["0", "0.2", "0.077", "0.123456", "1"] {
        assert_eq!(value::<TaxRate>(text).to_string(), text);
    }
    assert_eq!(json(&value::<TaxRate>("0.200")), r#""0.2""#);
    assert_eq!(value::<TaxRate>("-0"), TaxRate::ZERO);
    assert!(matches!("20".parse::<TaxRate>(), Err(InvalidTaxRate::OutOfRange { .. })));
    assert!(matches!("-0.1".parse::<TaxRate>(), Err(InvalidTaxRate::OutOfRange { .. })));
    assert!(matches!("0.1234567".parse::<TaxRate>(), Err(InvalidTaxRate::TooManyDecimals { .. })));
    invalid::<TaxRate>("20", "the tax rate 20 is not between 0 and 1: write 0.2 for 20 %");
    unreadable::<TaxRate>(r#""20""#);
    unreadable::<TaxRate>("0.2");
}

#[test]
fn texts_are_bounded_on_one_line_and_without_surrounding_blanks() {
    assert_eq!(value::<Reason>("  too late ").as_str(), "too late");
    assert_eq!(value::<Reason>(&"ü".repeat(500)).as_str().chars().count(), 500);
    invalid::<Reason>(" ", "the reason has 0 characters: write 1 to 500");
    invalid::<Reason>(&"ü".repeat(501), "the reason has 501 characters: write 1 to 500");
    invalid::<Reason>("a\0b", "the reason holds '\\0': leave control characters out");
    assert_eq!(value::<Description>("").as_str(), "");
    assert!(matches!(Description::new("a\nb"), Err(InvalidText::Character { found: '\n', .. })));
    assert_eq!(json(&value::<Reason>("größer \"so\"")), r#""größer \"so\"""#);
    unreadable::<Reason>(r#""""#);
    assert_eq!(GatewayResponse::default().as_str(), "");
}

#[test]
fn an_address_has_at_most_6_lines_and_a_country() {
    let address: Address = value("1 High Street, London , United Kingdom");
    assert_eq!(address.to_string(), "1 High Street, London, United Kingdom");
    assert_eq!(json(&address), r#"{"lines":["1 High Street","London"],"country":"United Kingdom"}"#);
    assert_eq!(value::<Address>("EIRE").country(), "EIRE");
    assert!(matches!(
        "a,b,c,d,e,f,g,Chad".parse::<Address>(),
        Err(InvalidAddress::TooManyLines { lines: 7 })
    ));
    for text in ["", "a,,Chad", "a,", "a\nb,Chad"] {
        assert!(matches!(text.parse::<Address>(), Err(InvalidAddress::Text(_))), "{text:?}");
    }
    unreadable::<Address>(r#"{"lines":[],"country":""}"#);
}

#[test]
fn a_payment_method_is_a_token_and_never_a_card_number() {
    assert_eq!(json(&value::<PaymentMethod>("tok_7f3c")), r#""tok_7f3c""#);
    for card in [
        "4111111111111111",
        "tok_4111111111111111",
        "4111-1111-1111-1111",
        "378282246310005",
        "4111 1111 1111 1111",
    ] {
        assert_eq!(PaymentMethod::new(card), Err(InvalidPaymentMethod::CardNumber), "{card}");
        unreadable::<PaymentMethod>(&format!("{card:?}"));
    }
    for text in ["", "a b", "é", &"x".repeat(129)] {
        assert_eq!(PaymentMethod::new(text), Err(InvalidPaymentMethod::NoToken), "{text:?}");
    }
    for error in [InvalidPaymentMethod::CardNumber, InvalidPaymentMethod::NoToken] {
        assert!(!error.to_string().contains("4111"));
    }
}

#[test]
fn currencies_are_those_of_the_table() {
    let decimals = |code| value::<Currency>(code).minor_units();
    assert_eq!(
        ["USD", "EUR", "GBP", "CHF", "JPY", "KRW", "BHD", "KWD"].map(decimals),
        [2, 2, 2, 2, 0, 0, 3, 3]
    );
    for code in ["", "usd", "XXX", "US", "USD ", "BTC"] {
        assert!(code.parse::<Currency>().is_err(), "{code:?}");
    }
    let constants =
        [Currency::USD, Currency::EUR, Currency::GBP, Currency::CHF, Currency::JPY, Currency::KWD];
    for currency in constants {
        assert_eq!(value::<Currency>(currency.code()), currency);
    }
    let mut codes: Vec<_> = Currency::all().map(Currency::code).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count, "no code stands in the table twice");
    assert!(codes.iter().all(|code| code.len() == 3 && code.chars().all(|c| c.is_ascii_uppercase())));
    assert_eq!(json(&Currency::EUR), r#""EUR""#);
    unreadable::<Currency>(r#""XXX""#);
}

#[test]
fn a_recorded_amount_is_text() {
    assert_eq!(json(&value::<Money>("12.5 GBP")), r#"{"amount":"12.50","currency":"GBP"}"#);
    unreadable::<Money>(r#"{"amount":12.5,"currency":"GBP"}"#);
    unreadable::<Money>(r#"{"amount":"12.555","currency":"GBP"}"#);
    unreadable::<Money>(r#"{"amount":"12.50","currency":"XXX"}"#);
    unreadable::<Money>(r#"{"amount":"12.50"}"#);
}
