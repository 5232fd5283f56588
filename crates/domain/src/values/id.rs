//! Ids: which order, customer, payment, stock or account.
//!
//! Each is a type of its own, so that none is taken for another, and a text of 1 to 128 visible ASCII
//! characters, so that each can name a stream (law A08).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use annals_core::{InvalidStreamId, StreamId};
use serde::{Deserialize, Serialize};

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no {what}: {reason}")]
pub struct InvalidId {
    what: &'static str,
    #[source]
    reason: InvalidStreamId,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $category:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "std::borrow::Cow<'_, str>")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id with this text.
            ///
            /// # Errors
            /// When it is not 1 to 128 visible ASCII characters.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                // The store's own rule for the ids in stream names, so that the two can never differ.
                StreamId::new($category, text).map_err(|reason| InvalidId { what: $what, reason })?;
                Ok(Self(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<std::borrow::Cow<'_, str>> for $name {
            type Error = InvalidId;

            fn try_from(text: std::borrow::Cow<'_, str>) -> Result<Self, Self::Error> {
                Self::new(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Which order; its stream is `order-{id}`.
    OrderId,
    "order id",
    "order"
);
text_id!(
    /// Which customer.
    CustomerId,
    "customer id",
    "customer"
);
text_id!(
    /// Which payment; its stream is `payment-{id}`.
    PaymentId,
    "payment id",
    "payment"
);
text_id!(
    /// Which article (stock keeping unit); the stream of its stock is `inventory-{sku}`.
    Sku,
    "sku",
    "inventory"
);
text_id!(
    /// Which account; its stream is `account-{id}`.
    AccountId,
    "account id",
    "account"
);
