//! Why an order refuses a command.

use super::line::LineNumber;
use super::phase::OrderPhase;
use crate::values::{Money, MoneyError, Sku};

/// Why an order refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderRejection {
    /// The order's phase does not allow it.
    #[error("cannot {attempted} an order that is {phase}: {}", what_it_allows(*phase))]
    NotAllowed {
        /// The order's phase.
        phase: OrderPhase,
        /// The command's name.
        attempted: &'static str,
    },
    /// An order needs something to order.
    #[error("an order needs at least one item: add one")]
    NoItems,
    /// More lines than an event holds.
    #[error("an order has at most {most} lines: split it")]
    TooManyLines {
        /// The most lines.
        most: usize,
    },
    /// Nothing is sold for less than nothing.
    #[error("the price of {sku} is {unit_price}: a price must not be negative")]
    NegativePrice {
        /// The article.
        sku: Sku,
        /// Its price.
        unit_price: Money,
    },
    /// The order has no such line.
    #[error("the order has no line {line}: look at its lines")]
    NoSuchLine {
        /// The line's number.
        line: LineNumber,
    },
    /// An order without lines is none.
    #[error("line {line} is the order's last: cancel the order instead of removing it")]
    LastLine {
        /// The line's number.
        line: LineNumber,
    },
    /// Part payments are not taken, nor is too much.
    #[error("{paid} was paid, but the order's total is {total}: pay exactly the total")]
    AmountIsNotTotal {
        /// What was to be recorded as paid.
        paid: Money,
        /// The order's total.
        total: Money,
    },
    /// Nobody is refunded less than nothing.
    #[error("the refund is {refund}: it must not be negative")]
    NegativeRefund {
        /// The refund.
        refund: Money,
    },
    /// More than the customer has paid and not yet got back.
    #[error("the refund of {refund} is more than the {refundable} that was paid and not refunded yet")]
    RefundAbovePaid {
        /// The refund.
        refund: Money,
        /// The most that can be refunded.
        refundable: Money,
    },
    /// A return without items returns nothing.
    #[error("a return needs at least one item: name what came back")]
    NothingReturned,
    /// More pieces came back than were bought and not returned yet.
    #[error("{returned} of {sku} cannot come back: {left} were bought and not returned yet")]
    ReturnAboveBought {
        /// The article.
        sku: Sku,
        /// How many pieces came back, all items of the command together.
        returned: u64,
        /// How many could.
        left: u64,
    },
    /// A tax is never negative.
    #[error("the new tax is {tax}: it must not be negative")]
    NegativeTax {
        /// The tax.
        tax: Money,
    },
    /// The amounts do not go together.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

fn what_it_allows(phase: OrderPhase) -> String {
    match phase.allows() {
        [] => "nothing happens to it any more".to_owned(),
        allowed => format!("it allows {}", allowed.join(", ")),
    }
}
