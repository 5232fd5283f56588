//! What can have happened to an order.
//!
//! Recorded names and shapes stand for ever: an example of each version is kept in `golden/order`.

use annals_core::{DomainEvent, Timestamp};

use super::created::OrderCreated;
use super::line::{LineNumber, OrderLine, ReturnedItem};
use super::settlement::Settlement;
use super::tracking::Tracking;
use super::upcasts::upcasters;
use crate::values::{Money, PaymentId, PaymentMethod, Quantity, Reason, Sku};

/// What can have happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, DomainEvent)]
#[event(category = "order", prefix = "Order", upcasters = upcasters)]
pub enum OrderEvent {
    /// It was created.
    #[event(version = 3)]
    Created(OrderCreated),
    /// A line was added.
    ItemAdded {
        /// The line, with its number.
        line: OrderLine,
        /// The tax on all lines from now on.
        tax: Money,
        /// The total from now on.
        total: Money,
    },
    /// A line was removed.
    ItemRemoved {
        /// The line's number.
        line: LineNumber,
        /// The article that stood on it.
        sku: Sku,
        /// How many pieces.
        quantity: Quantity,
        /// The tax on all lines from now on.
        tax: Money,
        /// The total from now on.
        total: Money,
    },
    /// The customer confirmed it.
    #[event(version = 2)]
    Confirmed {
        /// How it will be paid.
        payment_method: PaymentMethod,
        /// When it was confirmed, in business time.
        confirmed_at: Timestamp,
    },
    /// It was paid in full.
    Paid {
        /// By which payment.
        payment: PaymentId,
        /// How much: the total of that moment.
        #[serde(flatten)]
        amount: Money,
    },
    /// It was handed to a carrier.
    Shipped(Tracking),
    /// The customer received it.
    Delivered,
    /// It was called off.
    Cancelled {
        /// Why.
        reason: Reason,
        /// What the customer gets back; zero when nothing was paid.
        refund: Money,
    },
    /// The customer sent back some of it, or all.
    Returned {
        /// What came back.
        items: Vec<ReturnedItem>,
        /// Why.
        reason: Reason,
        /// What the customer gets back for it.
        refund: Money,
    },
    /// A wrong tax was put right.
    #[event(name = "TaxCorrected")]
    TaxCorrected {
        /// The tax so far.
        old_tax: Money,
        /// The tax from now on.
        new_tax: Money,
        /// The total from now on.
        new_total: Money,
        /// What was wrong.
        reason: Reason,
        /// What is owed or refundable from now on, all corrections together.
        settlement: Settlement,
    },
}
