//! From lines to orders. Pure: the same file gives the same plan, whatever the store holds, and in whatever order its
//! lines stand.
//!
//! An invoice becomes an order, with the time, customer and country of its first good line. A cancellation's line
//! gives back pieces of the latest order of its customer, placed no later than the cancellation, that has enough of the
//! article left and enough money to give back. Every line read is either accepted or counted under one reason.

use std::collections::HashMap;

use annals::Timestamp;
use ordermaster_domain::{
    Currency, CustomerId, Money, NewItem, NewOrder, OrderId, PaymentId, ReturnedItem, Sku, TaxRate,
};

use super::line::{Line, LineKind};
use super::refusal::{Refusal, Refusals};

/// The most lines of an order: what one event surely holds (law A08).
const ORDER_LINES_MAX: usize = 1_000;

/// What a file comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Lines read.
    pub lines: u64,
    /// Lines refused.
    pub refusals: Refusals,
    /// The orders, in the order of their first lines.
    pub orders: Vec<PlannedOrder>,
}

/// An invoice as the order that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOrder {
    /// The order, named as the invoice.
    pub order: OrderId,
    /// The payment, named as the invoice.
    pub payment: PaymentId,
    /// The order to create.
    pub new: NewOrder,
    /// When it was placed.
    pub at: Timestamp,
    /// The sum of its lines.
    pub total: Money,
    /// The lines it is made of, by their numbers in the file.
    pub lines: Vec<u64>,
    /// What came back, in the order in which it did.
    pub returns: Vec<PlannedReturn>,
}

/// What one line of a cancellation gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedReturn {
    /// The cancellation's number, with its `C`.
    pub cancellation: Box<str>,
    /// Which of the cancellation's lines with this article, from 1 in the file's order: with the number and the article
    /// it names the line, whatever order it finds, and whatever stands in the file beside the cancellation.
    pub place: u32,
    /// When.
    pub at: Timestamp,
    /// What came back.
    pub item: ReturnedItem,
    /// What the customer got for it, at the cancellation's own price.
    pub refund: Money,
    /// The line, by its number in the file.
    pub line: u64,
}

/// Makes a plan, line by line.
#[derive(Debug, Default)]
pub struct Planner {
    plan: Plan,
    by_invoice: HashMap<Box<str>, usize>,
    cancellations: Vec<CancellationLine>,
    places: HashMap<(Box<str>, Sku), u32>,
}

#[derive(Debug)]
struct CancellationLine {
    number: u64,
    place: u32,
    line: Line,
}

/// What is left of an order while cancellations are matched.
struct Left {
    money: Money,
    pieces: HashMap<Sku, u64>,
}

type Sales = HashMap<(CustomerId, Sku), Vec<usize>>;

impl Planner {
    /// Takes the next line, with its number in the file.
    pub fn take(&mut self, number: u64, line: Result<Line, Refusal>) {
        self.plan.lines += 1;
        let taken = match line {
            Ok(line) if line.kind == LineKind::Cancellation => {
                self.cancel(number, line);
                Ok(())
            }
            Ok(line) => self.sell(number, line),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = taken {
            self.plan.refusals.add(reason, number);
        }
    }

    /// The plan, cancellations matched.
    pub fn finish(mut self) -> Plan {
        let mut cancellations = std::mem::take(&mut self.cancellations);
        cancellations.sort_by_key(|cancelled| (cancelled.line.at, cancelled.number));
        let sales = self.sales();
        let mut left: Vec<Left> = self.plan.orders.iter().map(Left::of).collect();
        for cancelled in cancellations {
            match self.find(&sales, &left, &cancelled.line) {
                Ok(order) => {
                    left[order].give_back(&cancelled.line);
                    self.plan.orders[order].returns.push(cancelled.into());
                }
                Err(reason) => self.plan.refusals.add(reason, cancelled.number),
            }
        }
        self.plan
    }

    fn cancel(&mut self, number: u64, line: Line) {
        let place =
            self.places.entry((line.invoice.to_ascii_uppercase().into(), line.sku.clone())).or_insert(0);
        *place += 1;
        self.cancellations.push(CancellationLine { number, place: *place, line });
    }

    fn sell(&mut self, number: u64, line: Line) -> Result<(), Refusal> {
        if let Some(&known) = self.by_invoice.get(&line.invoice) {
            return self.plan.orders[known].add(number, line);
        }
        // The number was read as 1 to 20 digits, which name an order and a payment.
        let order = OrderId::new(&line.invoice).map_err(|_| Refusal::InvoiceNumber)?;
        let payment = PaymentId::new(&line.invoice).map_err(|_| Refusal::InvoiceNumber)?;
        let customer = match &line.customer {
            Some(customer) => customer.clone(),
            None => guest_of(&line.invoice)?,
        };
        self.by_invoice.insert(line.invoice.clone(), self.plan.orders.len());
        self.plan.orders.push(PlannedOrder {
            order,
            payment,
            at: line.at,
            total: line.amount,
            lines: vec![number],
            returns: Vec::new(),
            new: NewOrder {
                customer,
                placed_at: Some(line.at),
                shipping_address: line.address.clone(),
                tax_rate: TaxRate::ZERO,
                items: vec![item_of(line)],
            },
        });
        Ok(())
    }

    /// The orders with an article of a customer, the latest last.
    fn sales(&self) -> Sales {
        let mut sales = Sales::new();
        for (place, order) in self.plan.orders.iter().enumerate() {
            for item in &order.new.items {
                let places = sales.entry((order.new.customer.clone(), item.sku.clone())).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        for places in sales.values_mut() {
            places.sort_by_key(|&place| (self.plan.orders[place].at, place));
        }
        sales
    }

    fn find(&self, sales: &Sales, left: &[Left], line: &Line) -> Result<usize, Refusal> {
        let customer = line.customer.clone().ok_or(Refusal::CancellationOfGuest)?;
        let places = sales.get(&(customer, line.sku.clone())).map_or(&[][..], Vec::as_slice);
        let before = places.partition_point(|&place| self.plan.orders[place].at <= line.at);
        let mut reason = Refusal::CancellationOfNothing;
        for &place in places[..before].iter().rev() {
            match left[place].allows(line) {
                Ok(()) => return Ok(place),
                Err(other) => reason = reason.max(other),
            }
        }
        Err(reason)
    }
}

impl PlannedOrder {
    fn add(&mut self, number: u64, line: Line) -> Result<(), Refusal> {
        let customer = match &line.customer {
            Some(customer) => customer.clone(),
            None => guest_of(&line.invoice)?,
        };
        if customer != self.new.customer || line.address != self.new.shipping_address {
            return Err(Refusal::InvoiceDisagrees);
        }
        if self.new.items.len() >= ORDER_LINES_MAX {
            return Err(Refusal::InvoiceTooLarge);
        }
        self.total = self.total.checked_add(line.amount).map_err(|_| Refusal::InvoiceTooLarge)?;
        self.lines.push(number);
        self.new.items.push(item_of(line));
        Ok(())
    }
}

impl From<CancellationLine> for PlannedReturn {
    fn from(CancellationLine { number, place, line }: CancellationLine) -> Self {
        Self {
            cancellation: line.invoice.to_ascii_uppercase().into(),
            place,
            at: line.at,
            item: ReturnedItem { sku: line.sku, quantity: line.quantity },
            refund: line.amount,
            line: number,
        }
    }
}

impl Left {
    fn of(order: &PlannedOrder) -> Self {
        let mut pieces = HashMap::new();
        for item in &order.new.items {
            *pieces.entry(item.sku.clone()).or_insert(0) += u64::from(item.quantity);
        }
        Self { money: order.total, pieces }
    }

    fn allows(&self, line: &Line) -> Result<(), Refusal> {
        if self.pieces.get(&line.sku).copied().unwrap_or(0) < line.quantity.into() {
            Err(Refusal::CancellationOfTooMuch)
        } else if line.amount.exceeds(self.money).unwrap_or(true) {
            Err(Refusal::CancellationAbovePaid)
        } else {
            Ok(())
        }
    }

    fn give_back(&mut self, line: &Line) {
        if let Some(pieces) = self.pieces.get_mut(&line.sku) {
            *pieces = pieces.saturating_sub(line.quantity.into());
        }
        self.money = self.money.checked_sub(line.amount).unwrap_or(Money::zero(Currency::GBP));
    }
}

impl Plan {
    /// Lines accepted.
    pub fn accepted(&self) -> u64 {
        self.lines - self.refusals.total()
    }

    /// How many returns the orders have.
    pub fn returns(&self) -> u64 {
        self.orders.iter().map(|order| order.returns.len() as u64).sum()
    }
}

fn guest_of(invoice: &str) -> Result<CustomerId, Refusal> {
    CustomerId::new(&format!("guest-{invoice}")).map_err(|_| Refusal::InvoiceNumber)
}

fn item_of(line: Line) -> NewItem {
    let Line { sku, description, quantity, unit_price, .. } = line;
    NewItem { sku, description, quantity, unit_price }
}
