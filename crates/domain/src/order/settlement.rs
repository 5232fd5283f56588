//! What is still to be settled after a tax was corrected.

use serde::{Deserialize, Serialize};

use crate::values::Money;

/// How an order's total stands to what was paid for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Settlement {
    /// Nothing was paid yet: the whole total is to come.
    Unpaid,
    /// The total is what was paid.
    Settled,
    /// The customer owes this much more.
    Owed(Money),
    /// This much is to be refunded to the customer.
    Refundable(Money),
}

impl Settlement {
    /// What is left between a `total` and what was `paid` for it. Both are of the order's one currency and not
    /// negative, so that their difference is always in range.
    pub(crate) fn between(total: Money, paid: Money) -> Self {
        let mut owed = total;
        owed.deduct(paid);
        let mut refundable = paid;
        refundable.deduct(total);
        if owed.is_positive() {
            Self::Owed(owed)
        } else if refundable.is_positive() {
            Self::Refundable(refundable)
        } else {
            Self::Settled
        }
    }
}
