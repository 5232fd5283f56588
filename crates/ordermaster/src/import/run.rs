//! Carrying a plan out: orders side by side, each order's history in its order.
//!
//! An imported sale is history: created, confirmed, paid with a payment of its own, shipped and delivered, all at the
//! invoice's time; what a cancellation gives back is a return with its refund. Each commit takes effect once, under a key
//! made of the invoice and the step (law A12): however often a run is killed and begun again, the store ends the same. A
//! cancellation's line has a key of its own, without the order: it gives back once, also where a file that has grown since
//! makes it find another order.

use std::sync::Arc;

use annals::application::UnitReceipt;
use annals::ports::{EventStoreExt, ReadRange, Receipt};
use annals::{Aggregate, CommitId, LoadError, Metadata, Unit, UnitError, decode_event};
use ordermaster_domain::{
    GatewayResponse, InvalidPaymentMethod, InvalidText, NewItem, Order, OrderCommand, OrderEvent, OrderLine,
    PaymentCommand, PaymentMethod, Reason, Tracking,
};

use super::plan::{Plan, PlannedOrder, PlannedReturn};
use super::refusal::Refusal;
use super::report::ImportReport;
use super::{ImportError, ImportOptions};
use crate::app::OrderMaster;
use crate::business_time::as_of;
use crate::concurrent::{self, Tell};
use crate::stop::Stop;

/// What became of an order, or of a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrying {
    /// Carried out, at least to its end.
    New,
    /// Carried out by an earlier run.
    AlreadyThere,
    /// Carried out by an earlier run, with another content.
    Changed,
    /// Refused by the shop.
    Refused,
}

/// What was carried out: an order, then each of its returns, with the lines that they are made of.
struct Carried {
    what: What,
    how: Carrying,
    events: u64,
    lines: Vec<u64>,
}

#[derive(Clone, Copy)]
enum What {
    Order,
    Return,
}

/// Carries `plan` out; `on_progress` is told how many of its orders are done, and of how many.
///
/// # Errors
/// When the store fails. Whatever was carried out stays; run again, it goes on where it was.
pub async fn carry_out(
    shop: &OrderMaster,
    plan: Plan,
    options: &ImportOptions,
    stop: &Stop,
    on_progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<ImportReport, ImportError> {
    let mut report = ImportReport::begin(&plan);
    let (mut done, all) = (0, plan.orders.len() as u64);
    let terms = Arc::new(Terms::new()?);
    on_progress(done, all);
    let work = |order: PlannedOrder, tell: Tell<Carried>| {
        let importing = Importing { shop: shop.clone(), terms: Arc::clone(&terms) };
        async move { importing.order(&order, &tell).await }
    };
    let hear = |carried: Carried| {
        report.events += carried.events;
        match carried.what {
            What::Order => {
                report.orders.add(carried.how);
                done += 1;
                on_progress(done, all);
            }
            What::Return => report.returns.add(carried.how),
        }
        match carried.how {
            Carrying::New | Carrying::AlreadyThere => {}
            Carrying::Changed => report.refuse(Refusal::Changed, &carried.lines),
            Carrying::Refused => report.refuse(Refusal::ByShop, &carried.lines),
        }
    };
    concurrent::run(plan.orders, options.at_once, stop, work, hear).await?;
    report.stopped = report.orders.left > 0;
    Ok(report)
}

/// What every imported order has in common.
struct Terms {
    method: PaymentMethod,
    returned: Reason,
}

impl Terms {
    fn new() -> Result<Self, ImportError> {
        Ok(Self {
            method: PaymentMethod::new("invoice")?,
            returned: Reason::new("cancellation of an invoice")?,
        })
    }
}

struct Importing {
    shop: OrderMaster,
    terms: Arc<Terms>,
}

/// What became of one commit.
enum Step {
    Recorded { events: u64 },
    AlreadyThere { as_planned: bool },
    Refused,
}

impl Importing {
    async fn order(&self, order: &PlannedOrder, tell: &Tell<Carried>) -> Result<(), ImportError> {
        let (how, events) = self.sale(order).await?;
        tell.tell(Carried { what: What::Order, how, events, lines: order.lines.clone() }).await;
        for back in &order.returns {
            let (how, events) = match how {
                Carrying::Refused | Carrying::Changed => (how, 0),
                Carrying::New | Carrying::AlreadyThere => self.give_back(order, back).await?,
            };
            tell.tell(Carried { what: What::Return, how, events, lines: vec![back.line] }).await;
        }
        Ok(())
    }

    async fn sale(&self, order: &PlannedOrder) -> Result<(Carrying, u64), ImportError> {
        let tracking = Tracking {
            carrier: "not recorded".parse()?,
            tracking_number: format!("invoice {}", order.order).parse()?,
        };
        let request = PaymentCommand::Request {
            order: order.order.clone(),
            amount: order.total,
            method: self.terms.method.clone(),
        };
        let process = PaymentCommand::Process {
            transaction_id: format!("invoice {}", order.order).parse()?,
            gateway_response: GatewayResponse::default(),
        };
        let confirm = OrderCommand::Confirm { payment_method: self.terms.method.clone() };
        let pay = OrderCommand::MarkPaid { payment: order.payment.clone(), amount: order.total };
        let steps = [
            ("created", OrderCommand::Create(order.new.clone()), None),
            ("confirmed", confirm, Some(request)),
            ("paid", pay, Some(process)),
            ("shipped", OrderCommand::Ship(tracking), None),
            ("delivered", OrderCommand::Deliver, None),
        ];
        let mut recorded = 0;
        for (name, command, payment) in steps {
            let key = format!("import invoice {} {name}", order.order);
            let unit = self.unit(order, order.at, &key, command, payment);
            match self.commit(order, unit, |event| sells(event, order)).await? {
                Step::Recorded { events } => recorded += events,
                Step::AlreadyThere { as_planned: true } => {}
                // Nothing of this invoice is mixed with what is recorded of the other.
                Step::AlreadyThere { as_planned: false } => return Ok((Carrying::Changed, recorded)),
                Step::Refused => return Ok((Carrying::Refused, recorded)),
            }
        }
        Ok((if recorded > 0 { Carrying::New } else { Carrying::AlreadyThere }, recorded))
    }

    async fn give_back(
        &self,
        order: &PlannedOrder,
        back: &PlannedReturn,
    ) -> Result<(Carrying, u64), ImportError> {
        let command = OrderCommand::Return {
            items: vec![back.item.clone()],
            reason: self.terms.returned.clone(),
            refund: back.refund,
        };
        let refund = PaymentCommand::Refund { amount: back.refund };
        // A12: the order is no part of the key, for which order the line finds depends on the rest of the file.
        let key =
            format!("import cancellation {} line {} of {}", back.cancellation, back.place, back.item.sku);
        let unit = self.unit(order, back.at, &key, command, Some(refund));
        Ok(match self.commit(order, unit, |event| gives_back(event, back)).await? {
            Step::Recorded { events } => (Carrying::New, events),
            Step::AlreadyThere { as_planned: true } => (Carrying::AlreadyThere, 0),
            Step::AlreadyThere { as_planned: false } => (Carrying::Changed, 0),
            Step::Refused => (Carrying::Refused, 0),
        })
    }

    fn unit(
        &self,
        order: &PlannedOrder,
        at: annals::Timestamp,
        key: &str,
        command: OrderCommand,
        payment: Option<PaymentCommand>,
    ) -> Unit {
        let metadata = Metadata::correlated(format!("import {}", order.order)).by("import");
        let unit = Unit::new(self.shop.store().adapter(), metadata)
            .with_options(as_of(at))
            .once(CommitId::from_key(key))
            .execute(self.shop.orders(), &order.order, command);
        match payment {
            Some(payment) => unit.execute(self.shop.payments(), &order.payment, payment),
            None => unit,
        }
    }

    /// Commits, unless an earlier run did; then `is_planned` tells whether what it recorded is what is planned now.
    async fn commit(
        &self,
        order: &PlannedOrder,
        unit: Unit,
        is_planned: impl Fn(&OrderEvent) -> bool,
    ) -> Result<Step, ImportError> {
        match unit.commit().await {
            Ok(done) if done.replayed() => {
                let recorded = self.recorded(&done).await;
                let recorded = recorded
                    .map_err(|source| ImportError::Recorded { order: order.order.clone(), source })?;
                Ok(Step::AlreadyThere { as_planned: recorded.iter().all(is_planned) })
            }
            Ok(done) if done.is_unchanged() => Ok(Step::AlreadyThere { as_planned: true }),
            Ok(done) => Ok(Step::Recorded { events: concurrent::events_in(&done) }),
            Err(UnitError::Rejected { .. } | UnitError::RefusedBefore { .. }) => Ok(Step::Refused),
            Err(source) => Err(ImportError::Commit { order: order.order.clone(), source: Box::new(source) }),
        }
    }

    /// The events of the order that an earlier run recorded.
    async fn recorded(&self, done: &UnitReceipt) -> Result<Vec<OrderEvent>, LoadError> {
        let events = &self.shop.store().adapter().events;
        let appended = done.receipt.iter().flat_map(Receipt::appended);
        let mut found = Vec::new();
        for appended in appended.filter(|appended| appended.stream.category() == Order::CATEGORY) {
            let range = ReadRange::between(appended.first, appended.head.version);
            for recorded in events.read_all(&appended.stream, range).await.map_err(LoadError::Store)? {
                found.extend(decode_event::<OrderEvent>(&recorded)?.event());
            }
        }
        Ok(found)
    }
}

/// Whether the event, if it creates an order, creates the one that is planned.
fn sells(event: &OrderEvent, planned: &PlannedOrder) -> bool {
    let OrderEvent::Created(created) = event else { return true };
    let new = &planned.new;
    let same = |(line, item): (&OrderLine, &NewItem)| {
        let (sku, description) = (&line.sku, &line.description);
        (sku, description) == (&item.sku, &item.description)
            && (line.quantity, line.unit_price) == (item.quantity, item.unit_price)
    };
    created.customer == new.customer
        && created.placed_at == planned.at
        && created.shipping_address == new.shipping_address
        && created.lines.len() == new.items.len()
        && created.lines.iter().zip(&new.items).all(same)
}

/// Whether the event, if it gives back, gives back what is planned.
fn gives_back(event: &OrderEvent, planned: &PlannedReturn) -> bool {
    match event {
        OrderEvent::Returned { items, refund, .. } => {
            *items == [planned.item.clone()] && *refund == planned.refund
        }
        _ => true,
    }
}

impl From<InvalidText> for ImportError {
    fn from(source: InvalidText) -> Self {
        Self::Term(source.to_string())
    }
}

impl From<InvalidPaymentMethod> for ImportError {
    fn from(source: InvalidPaymentMethod) -> Self {
        Self::Term(source.to_string())
    }
}
