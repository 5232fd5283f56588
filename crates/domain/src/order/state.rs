//! What decisions about an order rest on, folded from its events.
//!
//! `evolve` trusts history: it copies what events say and refuses nothing. What only readers want to know (carrier,
//! payment method, reasons) is not kept here; the events have it.

use std::collections::BTreeMap;

use annals_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::created::OrderCreated;
use super::events::OrderEvent;
use super::line::{LineNumber, OrderLine};
use super::phase::OrderPhase;
use super::settlement::Settlement;
use crate::values::{Address, CustomerId, Money, MoneyError, Sku, TaxRate};

/// An order, as far as its history goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// It was created.
    Placed(Box<PlacedOrder>),
}

/// An order that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedOrder {
    /// How far it has come; never [`OrderPhase::Absent`].
    pub phase: OrderPhase,
    /// Who ordered.
    pub customer: CustomerId,
    /// When, in business time.
    pub placed_at: Timestamp,
    /// What, by line number.
    pub lines: Vec<OrderLine>,
    /// The number of the next line that is added.
    pub next_line: LineNumber,
    /// The rate of the tax.
    pub tax_rate: TaxRate,
    /// The tax on all lines.
    pub tax: Money,
    /// The price of all lines, and the tax.
    pub total: Money,
    /// Where to.
    pub shipping_address: Address,
    /// What was paid; zero before.
    pub paid: Money,
    /// What was refunded; zero before.
    pub refunded: Money,
    /// How many pieces of each article came back.
    pub returned: BTreeMap<Sku, u64>,
}

impl Order {
    /// How far the order has come.
    pub fn phase(&self) -> OrderPhase {
        self.placed().map_or(OrderPhase::Absent, |order| order.phase)
    }

    /// The order, once it was created.
    pub fn placed(&self) -> Option<&PlacedOrder> {
        match self {
            Self::Absent => None,
            Self::Placed(order) => Some(order),
        }
    }

    pub(super) fn apply(&mut self, event: &OrderEvent) {
        match (self, event) {
            (order, OrderEvent::Created(created)) => {
                *order = Self::Placed(Box::new(PlacedOrder::new(created)));
            }
            (Self::Placed(order), event) => order.apply(event),
            // `decide` lets nothing happen to an order before it is created.
            (Self::Absent, _) => {}
        }
    }
}

impl PlacedOrder {
    /// The price of all lines, without tax.
    ///
    /// # Errors
    /// When it is out of money's range, which `decide` never lets happen.
    pub fn net(&self) -> Result<Money, MoneyError> {
        net(self.total, &self.lines)
    }

    /// What was paid and not refunded yet.
    pub fn refundable(&self) -> Money {
        let mut left = self.paid;
        left.deduct(self.refunded);
        left
    }

    /// How many pieces of the article were bought and have not come back.
    pub fn returnable(&self, sku: &Sku) -> u64 {
        let bought: u64 =
            self.lines.iter().filter(|line| line.sku == *sku).map(|line| u64::from(line.quantity)).sum();
        bought.saturating_sub(self.returned.get(sku).copied().unwrap_or(0))
    }

    /// How the total stands to what was paid: different only after a tax was corrected.
    pub fn settlement(&self) -> Settlement {
        self.settlement_at(self.total)
    }

    /// How `total` would stand to what was paid.
    pub(super) fn settlement_at(&self, total: Money) -> Settlement {
        match self.phase {
            OrderPhase::Absent | OrderPhase::Created | OrderPhase::Confirmed => Settlement::Unpaid,
            // Called off: what was paid and kept is the cancellation's business, and nothing is owed.
            OrderPhase::Cancelled => Settlement::Settled,
            OrderPhase::Paid | OrderPhase::Shipped | OrderPhase::Delivered | OrderPhase::Returned => {
                Settlement::between(total, self.paid)
            }
        }
    }

    fn new(created: &OrderCreated) -> Self {
        let zero = Money::zero(created.total.currency());
        Self {
            phase: OrderPhase::Created,
            customer: created.customer.clone(),
            placed_at: created.placed_at,
            next_line: created.lines.last().map_or(LineNumber::FIRST, |line| line.number.next()),
            lines: created.lines.clone(),
            tax_rate: created.tax_rate,
            tax: created.tax,
            total: created.total,
            shipping_address: created.shipping_address.clone(),
            paid: zero,
            refunded: zero,
            returned: BTreeMap::new(),
        }
    }

    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Created(created) => *self = Self::new(created),
            OrderEvent::ItemAdded { line, tax, total } => {
                self.next_line = line.number.next();
                self.lines.push(line.clone());
                self.price(*tax, *total);
            }
            OrderEvent::ItemRemoved { line, tax, total, .. } => {
                self.lines.retain(|kept| kept.number != *line);
                self.price(*tax, *total);
            }
            OrderEvent::Confirmed { .. } => self.phase = OrderPhase::Confirmed,
            OrderEvent::Paid { amount, .. } => {
                self.phase = OrderPhase::Paid;
                self.paid = *amount;
            }
            OrderEvent::Shipped(_) => self.phase = OrderPhase::Shipped,
            OrderEvent::Delivered => self.phase = OrderPhase::Delivered,
            OrderEvent::Cancelled { refund, .. } => {
                self.phase = OrderPhase::Cancelled;
                self.refunded.accumulate(*refund);
            }
            OrderEvent::Returned { items, refund, .. } => {
                self.phase = OrderPhase::Returned;
                self.refunded.accumulate(*refund);
                for item in items {
                    let returned = self.returned.entry(item.sku.clone()).or_default();
                    *returned = returned.saturating_add(item.quantity.into());
                }
            }
            OrderEvent::TaxCorrected { new_tax, new_total, .. } => self.price(*new_tax, *new_total),
        }
    }

    fn price(&mut self, tax: Money, total: Money) {
        self.tax = tax;
        self.total = total;
    }
}

/// The price of all `lines`, without tax, in the currency of `like`.
pub(super) fn net<'a>(
    like: Money,
    lines: impl IntoIterator<Item = &'a OrderLine>,
) -> Result<Money, MoneyError> {
    lines.into_iter().try_fold(Money::zero(like.currency()), |sum, line| sum.checked_add(line.price()?))
}
