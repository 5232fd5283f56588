//! Random histories of the four aggregates, each event in today's form and in one that was recorded years ago and means
//! the same. What the old forms lack, and what that means, is said here once more, apart from the upcasters.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::ports::NewEvent;
use annals::{Aggregate, Context, EventType, Metadata, StreamId, Timestamp};
use ordermaster_domain::{Account, Inventory, Order, OrderCommand, Payment};
use serde_json::Value;

use crate::script::Step;

/// Between two events; all of a history take less than the time by which a clock may be off (A10).
pub(super) const STEP: Duration = Duration::from_millis(50);

/// An event in both forms: schema version and payload.
#[derive(Clone, Debug)]
pub(super) struct Aged {
    pub(super) stream: StreamId,
    /// When it is recorded.
    pub(super) at: Timestamp,
    pub(super) event_type: EventType,
    pub(super) today: (u16, Value),
    pub(super) mixed: (u16, Value),
}

/// What these commands leave behind from `begin` on. `choices` says by how many schema versions each event is older.
pub(super) fn aged(script: &[Step], choices: &[u16], begin: Timestamp) -> Vec<Aged> {
    let mut history = History { choices, at: begin, events: Vec::new() };
    let (mut orders, mut payments, mut stocks, mut accounts) = <_>::default();
    for step in script {
        match step {
            Step::Order(id, command) => history.carry_out::<Order>(&mut orders, id, command),
            Step::PayInFull(id, payment) => {
                let total = orders.get(&id.to_string()).and_then(Order::placed).map(|placed| placed.total);
                if let Some(amount) = total {
                    let command = OrderCommand::MarkPaid { payment: payment.clone(), amount };
                    history.carry_out::<Order>(&mut orders, id, &command);
                }
            }
            Step::Payment(id, command) => history.carry_out::<Payment>(&mut payments, id, command),
            Step::Inventory(id, command) => history.carry_out::<Inventory>(&mut stocks, id, command),
            Step::Account(id, command) => history.carry_out::<Account>(&mut accounts, id, command),
        }
    }
    history.events
}

struct History<'a> {
    choices: &'a [u16],
    at: Timestamp,
    events: Vec<Aged>,
}

impl History<'_> {
    fn carry_out<A: Aggregate>(
        &mut self,
        states: &mut BTreeMap<String, A>,
        id: &A::Id,
        command: &A::Command,
    ) {
        let state = states.entry(id.to_string()).or_default();
        let Ok(events) = state.decide(command, &Context::at(self.at)) else { return };
        for event in events {
            state.evolve(&event);
            self.at = self.at.plus(STEP);
            let new = NewEvent::encode(&event, &Metadata::new()).unwrap();
            let older = self.choices[self.events.len() % self.choices.len()];
            let (today, mixed) = forms(&new, self.at, older);
            let stream = StreamId::new(A::CATEGORY, &id.to_string()).unwrap();
            self.events.push(Aged { stream, at: self.at, event_type: new.event_type, today, mixed });
        }
    }
}

type Form = (u16, Value);

/// An event as it is recorded today, and as it was recorded when its type was `older` schema versions younger; where the
/// old form cannot say all of it, the event today is changed to what the old form says.
fn forms(event: &NewEvent, at: Timestamp, older: u16) -> (Form, Form) {
    let newest = event.schema_version;
    let mut today = event.payload.to_value().unwrap();
    let schema = newest.saturating_sub(older).max(1);
    let is_dollars = today["currency"] == "USD";
    // A version that had no currency cannot tell another one, nor one without tax another.
    let schema = match (event.event_type.as_str(), schema) {
        ("OrderCreated", 1 | 2) if today["tax_rate"] != "0" => newest,
        ("OrderCreated" | "MoneyDeposited", 1) if !is_dollars => 2,
        (_, schema) => schema,
    };
    if schema == newest {
        return ((newest, today.clone()), (newest, today));
    }
    let missing: &[&str] = match (event.event_type.as_str(), schema) {
        ("OrderCreated", 2) => &["tax_amount", "tax_rate", "placed_at"],
        ("OrderCreated", 1) => &["tax_amount", "tax_rate", "placed_at", "currency"],
        ("OrderConfirmed", 1) => &["confirmed_at"],
        ("PaymentProcessed", 1) => &["gateway_response"],
        ("MoneyDeposited", 2) => &["method"],
        ("MoneyDeposited", 1) => &["method", "currency"],
        (event_type, schema) => panic!("what {event_type} v{schema} lacks is not said here"),
    };
    for field in missing {
        today[*field] = match *field {
            "tax_amount" | "tax_rate" => "0".into(),
            "placed_at" | "confirmed_at" => at.to_string().into(),
            "gateway_response" => "".into(),
            "method" => "unknown".into(),
            _ => "USD".into(),
        };
    }
    let mut old = today.clone();
    let fields = old.as_object_mut().unwrap();
    fields.retain(|name, _| !missing.contains(&name.as_str()));
    ((newest, today), (schema, old))
}
