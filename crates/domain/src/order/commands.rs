//! What an order can be asked to do, and what it answers.

use std::collections::BTreeMap;

use annals_core::{Context, Timestamp};
use serde::{Deserialize, Serialize};

use super::created::OrderCreated;
use super::events::OrderEvent;
use super::line::{LineNumber, OrderLine, ReturnedItem};
use super::phase::OrderPhase;
use super::rejection::OrderRejection;
use super::state::{Order, PlacedOrder, net};
use super::tracking::Tracking;
use crate::values::{
    Address, CustomerId, Description, Money, PaymentId, PaymentMethod, Quantity, Reason, Sku, TaxRate,
};

/// The most lines of an order: one line takes about 150 bytes, and all must fit into one event (law A08).
pub(super) const LINES_MAX: usize = 1_200;

/// What an order can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum OrderCommand {
    /// Create it.
    Create(NewOrder),
    /// Add a line, while it is created. The tax is computed anew from the rate; a tax corrected before counts no
    /// more.
    AddItem(NewItem),
    /// Remove a line, while it is created and not the last. The tax is computed anew, as for an added one.
    RemoveItem {
        /// The line's number.
        line: LineNumber,
    },
    /// Confirm it; the confirmation's time is now.
    Confirm {
        /// How it will be paid.
        payment_method: PaymentMethod,
    },
    /// Record that it was paid.
    MarkPaid {
        /// By which payment.
        payment: PaymentId,
        /// How much; must be the total.
        amount: Money,
    },
    /// Record that it was handed to a carrier.
    Ship(Tracking),
    /// Record that the customer received it.
    Deliver,
    /// Call it off.
    Cancel {
        /// Why.
        reason: Reason,
        /// What the customer gets back; everything that was paid when not said.
        refund: Option<Money>,
    },
    /// Take back some of it, or all; again and again, while pieces are left to come back.
    Return {
        /// What came back.
        items: Vec<ReturnedItem>,
        /// Why.
        reason: Reason,
        /// What the customer gets back for it, which may be nothing.
        refund: Money,
    },
    /// Put a wrong tax right. The same tax again changes nothing.
    CorrectTax {
        /// The right tax.
        tax: Money,
        /// What was wrong.
        reason: Reason,
    },
}

/// An order to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Who orders.
    pub customer: CustomerId,
    /// When it was placed, in business time; now when not said.
    pub placed_at: Option<Timestamp>,
    /// What; at least one item, all prices of one currency.
    pub items: Vec<NewItem>,
    /// The rate of the tax.
    pub tax_rate: TaxRate,
    /// Where to.
    pub shipping_address: Address,
}

/// An item to order; each becomes a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewItem {
    /// The article.
    pub sku: Sku,
    /// What it is called.
    pub description: Description,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece, without tax.
    pub unit_price: Money,
}

impl OrderCommand {
    /// The command's name, as rejections give it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::AddItem(_) => "add item",
            Self::RemoveItem { .. } => "remove item",
            Self::Confirm { .. } => "confirm",
            Self::MarkPaid { .. } => "mark paid",
            Self::Ship(_) => "ship",
            Self::Deliver => "deliver",
            Self::Cancel { .. } => "cancel",
            Self::Return { .. } => "return",
            Self::CorrectTax { .. } => "correct tax",
        }
    }
}

impl NewItem {
    fn numbered(&self, number: LineNumber) -> Result<OrderLine, OrderRejection> {
        if self.unit_price.is_negative() {
            return Err(OrderRejection::NegativePrice { sku: self.sku.clone(), unit_price: self.unit_price });
        }
        Ok(OrderLine {
            number,
            sku: self.sku.clone(),
            description: self.description.clone(),
            quantity: self.quantity,
            unit_price: self.unit_price,
        })
    }
}

pub(super) fn decide(
    order: &Order,
    command: &OrderCommand,
    context: &Context,
) -> Result<Vec<OrderEvent>, OrderRejection> {
    match (order, command) {
        (Order::Absent, OrderCommand::Create(new)) => create(new, context.now),
        (Order::Placed(order), command) => order.decide(command, context.now),
        (Order::Absent, _) => {
            Err(OrderRejection::NotAllowed { phase: OrderPhase::Absent, attempted: command.name() })
        }
    }
}

fn create(new: &NewOrder, now: Timestamp) -> Result<Vec<OrderEvent>, OrderRejection> {
    let first = new.items.first().ok_or(OrderRejection::NoItems)?;
    at_most_lines_max(new.items.len())?;
    let lines = new.items.iter().zip(LineNumber::from_first()).map(|(item, number)| item.numbered(number));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let net = net(first.unit_price, &lines)?;
    let tax = new.tax_rate.on(net)?;
    Ok(vec![OrderEvent::Created(OrderCreated {
        customer: new.customer.clone(),
        placed_at: new.placed_at.unwrap_or(now),
        lines,
        tax,
        tax_rate: new.tax_rate,
        shipping_address: new.shipping_address.clone(),
        total: net.checked_add(tax)?,
    })])
}

fn at_most_lines_max(lines: usize) -> Result<(), OrderRejection> {
    if lines > LINES_MAX { Err(OrderRejection::TooManyLines { most: LINES_MAX }) } else { Ok(()) }
}

impl PlacedOrder {
    fn decide(&self, command: &OrderCommand, now: Timestamp) -> Result<Vec<OrderEvent>, OrderRejection> {
        use OrderPhase::{Cancelled, Confirmed, Created, Delivered, Paid, Returned, Shipped};
        let event = match (self.phase, command) {
            (Created, OrderCommand::AddItem(item)) => self.add(item)?,
            (Created, OrderCommand::RemoveItem { line }) => self.remove(*line)?,
            (Created, OrderCommand::Confirm { payment_method }) => {
                OrderEvent::Confirmed { payment_method: payment_method.clone(), confirmed_at: now }
            }
            (Confirmed, OrderCommand::MarkPaid { payment, amount }) => self.pay(payment, *amount)?,
            (Paid, OrderCommand::Ship(tracking)) => OrderEvent::Shipped(tracking.clone()),
            (Shipped, OrderCommand::Deliver) => OrderEvent::Delivered,
            (Created | Confirmed | Paid, OrderCommand::Cancel { reason, refund }) => {
                let refund = self.refund(refund.unwrap_or_else(|| self.refundable()))?;
                OrderEvent::Cancelled { reason: reason.clone(), refund }
            }
            (Delivered | Returned, OrderCommand::Return { items, reason, refund }) => {
                self.check_returnable(items)?;
                let (items, reason) = (items.clone(), reason.clone());
                OrderEvent::Returned { items, reason, refund: self.refund(*refund)? }
            }
            (phase, OrderCommand::CorrectTax { tax, reason }) if phase != Cancelled => {
                return self.correct_tax(*tax, reason);
            }
            (phase, _) => return Err(OrderRejection::NotAllowed { phase, attempted: command.name() }),
        };
        Ok(vec![event])
    }

    fn add(&self, item: &NewItem) -> Result<OrderEvent, OrderRejection> {
        at_most_lines_max(self.lines.len() + 1)?;
        let line = item.numbered(self.next_line)?;
        let net = self.net()?.checked_add(line.price()?)?;
        let tax = self.tax_rate.on(net)?;
        Ok(OrderEvent::ItemAdded { line, tax, total: net.checked_add(tax)? })
    }

    fn remove(&self, number: LineNumber) -> Result<OrderEvent, OrderRejection> {
        let line = self.lines.iter().find(|line| line.number == number);
        let line = line.ok_or(OrderRejection::NoSuchLine { line: number })?;
        if self.lines.len() == 1 {
            return Err(OrderRejection::LastLine { line: number });
        }
        let net = net(self.total, self.lines.iter().filter(|kept| kept.number != number))?;
        let tax = self.tax_rate.on(net)?;
        let (sku, quantity) = (line.sku.clone(), line.quantity);
        Ok(OrderEvent::ItemRemoved { line: number, sku, quantity, tax, total: net.checked_add(tax)? })
    }

    fn pay(&self, payment: &PaymentId, amount: Money) -> Result<OrderEvent, OrderRejection> {
        self.total.same_currency(amount)?;
        if amount == self.total {
            Ok(OrderEvent::Paid { payment: payment.clone(), amount })
        } else {
            Err(OrderRejection::AmountIsNotTotal { paid: amount, total: self.total })
        }
    }

    /// The refund, when it is neither negative nor above what was paid and not refunded yet.
    fn refund(&self, refund: Money) -> Result<Money, OrderRejection> {
        let refundable = self.refundable();
        if refund.exceeds(refundable)? {
            Err(OrderRejection::RefundAbovePaid { refund, refundable })
        } else if refund.is_negative() {
            Err(OrderRejection::NegativeRefund { refund })
        } else {
            Ok(refund)
        }
    }

    fn check_returnable(&self, items: &[ReturnedItem]) -> Result<(), OrderRejection> {
        if items.is_empty() {
            return Err(OrderRejection::NothingReturned);
        }
        let mut together = BTreeMap::<&Sku, u64>::new();
        for item in items {
            let returned = together.entry(&item.sku).or_default();
            *returned = returned.saturating_add(item.quantity.into());
        }
        for (sku, returned) in together {
            let left = self.returnable(sku);
            if returned > left {
                return Err(OrderRejection::ReturnAboveBought { sku: sku.clone(), returned, left });
            }
        }
        Ok(())
    }

    fn correct_tax(&self, tax: Money, reason: &Reason) -> Result<Vec<OrderEvent>, OrderRejection> {
        self.tax.same_currency(tax)?;
        if tax.is_negative() {
            return Err(OrderRejection::NegativeTax { tax });
        }
        if tax == self.tax {
            return Ok(Vec::new());
        }
        let new_total = self.net()?.checked_add(tax)?;
        Ok(vec![OrderEvent::TaxCorrected {
            old_tax: self.tax,
            new_tax: tax,
            new_total,
            reason: reason.clone(),
            settlement: self.settlement_at(new_total),
        }])
    }
}
