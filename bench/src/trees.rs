//! Domain events made of JSON trees, as a store would that decodes into `serde_json::Value` first: the baseline of reading
//! typed events. The shapes are those of the domain, through serde's own derive.

use ordermaster_domain::{AccountEvent, DepositMethod, Money, Owner};
use serde::Deserialize;
use serde_json::Value;
use serde_json::{Error, from_value};

use crate::parcels::ParcelEvent;
use crate::plain::FromTree;

#[derive(Deserialize)]
struct Scanned {
    depot: String,
    lane: u32,
    scanner: String,
    service: String,
    weight_grams: u32,
    length_mm: u32,
    width_mm: u32,
    height_mm: u32,
    damaged: bool,
    next_depot: String,
    due_at: u64,
    latitude: f64,
    longitude: f64,
}

impl FromTree for ParcelEvent {
    fn from_tree(event_type: &str, payload: Value) -> serde_json::Result<Self> {
        if event_type != "ParcelScanned" {
            return Err(unknown(event_type));
        }
        let scanned: Scanned = from_value(payload)?;
        Ok(Self::Scanned {
            depot: scanned.depot,
            lane: scanned.lane,
            scanner: scanned.scanner,
            service: scanned.service,
            weight_grams: scanned.weight_grams,
            length_mm: scanned.length_mm,
            width_mm: scanned.width_mm,
            height_mm: scanned.height_mm,
            damaged: scanned.damaged,
            next_depot: scanned.next_depot,
            due_at: scanned.due_at,
            latitude: scanned.latitude,
            longitude: scanned.longitude,
        })
    }
}

#[derive(Deserialize)]
struct Opened {
    owner: Owner,
    opening_balance: Money,
}

#[derive(Deserialize)]
struct Deposited {
    #[serde(flatten)]
    amount: Money,
    method: DepositMethod,
}

#[derive(Deserialize)]
struct Withdrawn {
    #[serde(flatten)]
    amount: Money,
}

impl FromTree for AccountEvent {
    fn from_tree(event_type: &str, payload: Value) -> serde_json::Result<Self> {
        match event_type {
            "AccountOpened" => {
                let Opened { owner, opening_balance } = from_value(payload)?;
                Ok(Self::Opened { owner, opening_balance })
            }
            "MoneyDeposited" => {
                let Deposited { amount, method } = from_value(payload)?;
                Ok(Self::Deposited { amount, method })
            }
            "MoneyWithdrawn" => {
                let Withdrawn { amount } = from_value(payload)?;
                Ok(Self::Withdrawn { amount })
            }
            "AccountClosed" => Ok(Self::Closed),
            _ => Err(unknown(event_type)),
        }
    }
}

fn unknown(event_type: &str) -> Error {
    serde::de::Error::custom(format_args!("no event type {event_type:?}"))
}
