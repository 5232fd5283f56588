//! Currencies: a part of ISO 4217, with the number of decimals that each has.
//!
//! The table holds the currencies in everyday use. Codes that it does not hold are refused, for without the
//! number of decimals no amount could be checked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::from_text;

const WITH_TWO_DECIMALS: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD \
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON \
    RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD \
    TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW";
const WITHOUT_DECIMALS: &str = "\
    BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const WITH_THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";

/// The codes by their number of decimals.
const TABLE: [(&str, u8); 3] = [(WITH_TWO_DECIMALS, 2), (WITHOUT_DECIMALS, 0), (WITH_THREE_DECIMALS, 3)];

/// A currency that is known, by its ISO 4217 code.
///
/// ```
/// use ordermaster_domain::Currency;
///
/// let yen: Currency = "JPY".parse()?;
/// assert_eq!(yen.minor_units(), 0);
/// assert!("XXX".parse::<Currency>().is_err());
/// # Ok::<(), ordermaster_domain::UnknownCurrency>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: &'static str,
    minor_units: u8,
}

/// A code that the table does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?} is no currency known here: use an ISO 4217 code in capitals, for example GBP")]
pub struct UnknownCurrency {
    code: String,
}

impl Currency {
    /// The US dollar, with 2 decimals.
    pub const USD: Self = Self { code: "USD", minor_units: 2 };
    /// The euro, with 2 decimals.
    pub const EUR: Self = Self { code: "EUR", minor_units: 2 };
    /// The pound sterling, with 2 decimals.
    pub const GBP: Self = Self { code: "GBP", minor_units: 2 };
    /// The Swiss franc, with 2 decimals.
    pub const CHF: Self = Self { code: "CHF", minor_units: 2 };
    /// The yen, without decimals.
    pub const JPY: Self = Self { code: "JPY", minor_units: 0 };
    /// The Kuwaiti dinar, with 3 decimals.
    pub const KWD: Self = Self { code: "KWD", minor_units: 3 };

    /// The ISO 4217 code, three capitals.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many decimals an amount may have: 0, 2 or 3.
    pub const fn minor_units(self) -> u32 {
        self.minor_units as u32
    }

    /// Every currency of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.into_iter().flat_map(|(codes, minor_units)| {
            codes.split_ascii_whitespace().map(move |code| Self { code, minor_units })
        })
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        // Each code and the space behind it take four bytes.
        let found = TABLE.into_iter().find_map(|(codes, minor_units)| {
            let place = codes.as_bytes().chunks(4).position(|known| known[..3] == *code.as_bytes())?;
            Some(Self { code: codes.get(place * 4..place * 4 + 3)?, minor_units })
        });
        found.ok_or_else(|| UnknownCurrency { code: code.chars().take(16).collect() })
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text::read(deserializer, str::parse)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}
