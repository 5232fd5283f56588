//! Why an order refuses a command.

use super::line::LineNumber;
use super::phase::OrderPhase;
use crate::values::{Money, MoneyError, Sku};

/// Why an order refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderRejection {
    /// The order's phase does not allow it.
    #[error("cannot {}; {}", tried(attempted, *phase), possible(*phase))]
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
    #[error("the order has no line {line}: look at its lines, which have numbers")]
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
    #[error(
        "the refund of {refund} is more than the {refundable} that was paid and not refunded yet: give back no more"
    )]
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
    #[error("{returned} of {sku} cannot come back: {left} of those bought are left; take back no more")]
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

/// What was tried, and why the phase stands against it.
fn tried(attempted: &str, phase: OrderPhase) -> String {
    let which = match phase {
        OrderPhase::Absent => "that does not exist".to_owned(),
        phase if attempted == "create" => format!("that exists already and is {phase}"),
        phase => format!("that is {phase}"),
    };
    match attempted {
        "add item" => format!("add an item to an order {which}"),
        "remove item" => format!("remove an item from an order {which}"),
        "mark paid" => format!("mark an order as paid {which}"),
        "correct tax" => format!("correct the tax of an order {which}"),
        attempted => format!("{attempted} an order {which}"),
    }
}

/// What can be done with an order in this phase.
fn possible(phase: OrderPhase) -> String {
    let possible = |name: &&str| match *name {
        "add item" => "add an item".to_owned(),
        "remove item" => "remove an item".to_owned(),
        "mark paid" => "mark it as paid".to_owned(),
        "correct tax" => "correct its tax".to_owned(),
        name => format!("{name} it"),
    };
    match phase.allows() {
        [] => "nothing happens to it any more".to_owned(),
        allowed => format!("possible now: {}", allowed.iter().map(possible).collect::<Vec<_>>().join(", ")),
    }
}
