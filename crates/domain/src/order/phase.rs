//! How far an order has come, and what that allows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderPhase {
    /// There is no such order yet.
    Absent,
    /// Its items may still change.
    Created,
    /// The customer stands by it.
    Confirmed,
    /// It is paid in full.
    Paid,
    /// It is on its way.
    Shipped,
    /// The customer has it.
    Delivered,
    /// It was called off: nothing happens to it any more.
    Cancelled,
    /// The customer has sent back some of it, or all.
    Returned,
}

impl OrderPhase {
    /// Every phase.
    pub const ALL: [Self; 8] = [
        Self::Absent,
        Self::Created,
        Self::Confirmed,
        Self::Paid,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Returned,
    ];

    /// The phase in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Created => "created",
            Self::Confirmed => "confirmed",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// The names of the commands that an order in this phase takes, its other rules permitting.
    pub const fn allows(self) -> &'static [&'static str] {
        match self {
            Self::Absent => &["create"],
            Self::Created => &["add item", "remove item", "confirm", "cancel", "correct tax"],
            Self::Confirmed => &["mark paid", "cancel", "correct tax"],
            Self::Paid => &["ship", "cancel", "correct tax"],
            Self::Shipped => &["deliver", "correct tax"],
            Self::Delivered | Self::Returned => &["return", "correct tax"],
            Self::Cancelled => &[],
        }
    }
}

impl fmt::Display for OrderPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
