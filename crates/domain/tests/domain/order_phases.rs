//! Who may do what when: every phase of an order against every command.

use crate::given::{Given, given, value};
use OrderPhase::{Absent, Cancelled, Confirmed, Created, Delivered, Paid, Returned, Shipped};
use ordermaster_domain::{
    LineNumber, NewItem, NewOrder, Order, OrderCommand, OrderEvent, OrderPhase, OrderRejection, Quantity,
    ReturnedItem, Tracking,
};

fn item(sku: &str) -> NewItem {
    NewItem {
        sku: value(sku),
        description: value("an article"),
        quantity: Quantity::new(2).expect("more than none"),
        unit_price: value("10 GBP"),
    }
}

/// A command of each kind; each is accepted wherever the phase allows it.
fn commands() -> [OrderCommand; 10] {
    [
        OrderCommand::Create(NewOrder {
            customer: value("c-1"),
            placed_at: None,
            items: vec![item("A"), item("B")],
            tax_rate: value("0.2"),
            shipping_address: value("France"),
        }),
        OrderCommand::AddItem(item("C")),
        OrderCommand::RemoveItem { line: LineNumber::FIRST },
        OrderCommand::Confirm { payment_method: value("pm_1") },
        OrderCommand::MarkPaid { payment: value("p-1"), amount: value("48 GBP") },
        OrderCommand::Ship(Tracking { carrier: value("DHL"), tracking_number: value("1") }),
        OrderCommand::Deliver,
        OrderCommand::Cancel { reason: value("no longer wanted"), refund: None },
        OrderCommand::Return {
            items: vec![ReturnedItem { sku: value("A"), quantity: Quantity::ONE }],
            reason: value("broken"),
            refund: value("12 GBP"),
        },
        OrderCommand::CorrectTax { tax: value("7 GBP"), reason: value("another rate") },
    ]
}

/// An order led to each phase by commands.
fn order_in(phase: OrderPhase) -> Given<Order> {
    let [create, _, _, confirm, pay, ship, deliver, cancel, take_back, _] = commands();
    let way: Vec<OrderCommand> = match phase {
        Absent => vec![],
        Created => vec![create],
        Confirmed => vec![create, confirm],
        Paid => vec![create, confirm, pay],
        Shipped => vec![create, confirm, pay, ship],
        Delivered => vec![create, confirm, pay, ship, deliver],
        Cancelled => vec![create, confirm, pay, cancel],
        Returned => vec![create, confirm, pay, ship, deliver, take_back],
    };
    way.iter().fold(given::<Order>(&[]), |order, command| order.when(command).accepted())
}

/// For each command: its name, and for each phase that allows it the phase that follows.
const MOVES: [(&str, &[(OrderPhase, OrderPhase)]); 10] = [
    ("create", &[(Absent, Created)]),
    ("add item", &[(Created, Created)]),
    ("remove item", &[(Created, Created)]),
    ("confirm", &[(Created, Confirmed)]),
    ("mark paid", &[(Confirmed, Paid)]),
    ("ship", &[(Paid, Shipped)]),
    ("deliver", &[(Shipped, Delivered)]),
    ("cancel", &[(Created, Cancelled), (Confirmed, Cancelled), (Paid, Cancelled)]),
    ("return", &[(Delivered, Returned), (Returned, Returned)]),
    (
        "correct tax",
        &[
            (Created, Created),
            (Confirmed, Confirmed),
            (Paid, Paid),
            (Shipped, Shipped),
            (Delivered, Delivered),
            (Returned, Returned),
        ],
    ),
];

#[test]
fn each_phase_takes_its_commands_and_refuses_every_other_by_name() {
    for phase in OrderPhase::ALL {
        for (command, (name, moves)) in commands().iter().zip(MOVES) {
            assert_eq!(command.name(), name);
            let order = order_in(phase);
            assert_eq!(order.state.phase(), phase);
            let decided = order.when(command);
            match moves.iter().find(|(from, _)| *from == phase) {
                Some((_, next)) => assert_eq!(decided.accepted().state.phase(), *next, "{name} when {phase}"),
                None => decided.refused(OrderRejection::NotAllowed { phase, attempted: name }),
            }
        }
    }
}

#[test]
fn a_phase_says_what_it_allows() {
    for phase in OrderPhase::ALL {
        let allowed: Vec<&str> = MOVES
            .iter()
            .filter(|(_, moves)| moves.iter().any(|(from, _)| *from == phase))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(phase.allows(), allowed, "{phase}");
    }
}

#[test]
fn a_refusal_names_the_state_what_was_tried_and_what_is_possible() {
    let message = |phase| OrderRejection::NotAllowed { phase, attempted: "ship" }.to_string();
    assert_eq!(
        message(Confirmed),
        "cannot ship an order that is confirmed; possible now: mark it as paid, cancel it, correct its tax"
    );
    assert_eq!(message(Cancelled), "cannot ship an order that is cancelled; nothing happens to it any more");
}

#[test]
fn commands_survive_being_written_and_read() {
    for command in commands() {
        let text = serde_json::to_string(&command).expect("every command can be written");
        let read: OrderCommand = serde_json::from_str(&text).expect("every written command can be read");
        assert_eq!(read, command, "{text}");
    }
}

#[test]
fn history_that_no_decision_could_have_written_is_folded_without_a_panic() {
    let cancelled = OrderEvent::Cancelled { reason: value("unheard of"), refund: value("1 GBP") };
    for event in [OrderEvent::Delivered, cancelled] {
        assert_eq!(given::<Order>(&[event]).state, Order::Absent);
    }
}
