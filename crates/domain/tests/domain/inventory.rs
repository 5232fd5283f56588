//! The stock's rules: what is reserved is there, and available is never negative.

use crate::given::{given, value};
use ordermaster_domain::{Inventory, InventoryCommand, InventoryEvent, InventoryRejection, Quantity};

fn pieces(number: u32) -> Quantity {
    Quantity::new(number).expect("more than none")
}

fn received(number: u32) -> InventoryEvent {
    InventoryEvent::Received { quantity: pieces(number) }
}

fn reserved(order: &str, number: u32) -> InventoryEvent {
    InventoryEvent::Reserved { order: value(order), quantity: pieces(number) }
}

fn released(order: &str, number: u32) -> InventoryEvent {
    InventoryEvent::Released { order: value(order), quantity: pieces(number) }
}

fn allocated(order: &str, number: u32) -> InventoryEvent {
    InventoryEvent::Allocated { order: value(order), quantity: pieces(number) }
}

fn receive(number: u32) -> InventoryCommand {
    InventoryCommand::Receive { quantity: pieces(number) }
}

fn reserve(order: &str, number: u32) -> InventoryCommand {
    InventoryCommand::Reserve { order: value(order), quantity: pieces(number) }
}

fn release(order: &str, number: u32) -> InventoryCommand {
    InventoryCommand::Release { order: value(order), quantity: pieces(number) }
}

fn allocate(order: &str, number: u32) -> InventoryCommand {
    InventoryCommand::Allocate { order: value(order), quantity: pieces(number) }
}

fn adjust(counted: u64) -> InventoryCommand {
    InventoryCommand::Adjust { counted, reason: value("stocktaking") }
}

fn adjusted(counted: u64) -> InventoryEvent {
    InventoryEvent::Adjusted { counted, reason: value("stocktaking") }
}

fn levels(stock: &Inventory) -> (u64, u64, u64) {
    (stock.on_hand(), stock.reserved(), stock.available())
}

#[test]
fn received_stock_is_available() {
    let stock =
        given::<Inventory>(&[]).when(&receive(5)).then(received(5)).when(&receive(3)).then(received(3));
    assert_eq!(levels(&stock.state), (8, 0, 8));
}

#[test]
fn all_that_is_available_can_be_reserved_and_no_more() {
    let history = [received(5), reserved("o-1", 2)];
    let stock = given::<Inventory>(&history).when(&reserve("o-2", 3)).then(reserved("o-2", 3));
    assert_eq!(levels(&stock.state), (5, 5, 0));
    let (order, wanted) = (value("o-2"), pieces(4));
    given::<Inventory>(&history).when(&reserve("o-2", 4)).refused(InventoryRejection::NotEnough {
        order,
        wanted,
        available: 3,
    });
}

#[test]
fn nothing_can_be_reserved_before_anything_was_received() {
    let (order, wanted) = (value("o-1"), pieces(1));
    given::<Inventory>(&[]).when(&reserve("o-1", 1)).refused(InventoryRejection::NotEnough {
        order,
        wanted,
        available: 0,
    });
}

#[test]
fn reservations_of_one_order_add_up() {
    let stock = given::<Inventory>(&[received(5), reserved("o-1", 2)])
        .when(&reserve("o-1", 1))
        .then(reserved("o-1", 1))
        .state;
    assert_eq!(stock.reserved_for(&value("o-1")), 3);
    assert_eq!(stock.reservations().collect::<Vec<_>>(), [(&value("o-1"), 3)]);
}

#[test]
fn released_stock_is_available_again() {
    let stock = given::<Inventory>(&[received(5), reserved("o-1", 3)])
        .when(&release("o-1", 1))
        .then(released("o-1", 1));
    assert_eq!(levels(&stock.state), (5, 2, 3));
    let stock = stock.when(&release("o-1", 2)).then(released("o-1", 2)).state;
    assert_eq!((levels(&stock), stock.reservations().count()), ((5, 0, 5), 0));
}

#[test]
fn allocated_stock_leaves_for_good() {
    let stock = given::<Inventory>(&[received(5), reserved("o-1", 3)])
        .when(&allocate("o-1", 3))
        .then(allocated("o-1", 3))
        .state;
    assert_eq!(levels(&stock), (2, 0, 2));
}

#[test]
fn no_more_is_released_or_allocated_than_is_reserved_for_that_order() {
    let history = [received(9), reserved("o-1", 2), reserved("o-2", 7)];
    for (attempted, command) in [("release", release("o-1", 3)), ("allocate", allocate("o-1", 3))] {
        let (order, wanted) = (value("o-1"), pieces(3));
        given::<Inventory>(&history).when(&command).refused(InventoryRejection::NotReserved {
            attempted,
            order,
            wanted,
            reserved: 2,
        });
    }
    for (attempted, command) in [("release", release("o-3", 1)), ("allocate", allocate("o-3", 1))] {
        let (order, wanted) = (value("o-3"), pieces(1));
        given::<Inventory>(&history).when(&command).refused(InventoryRejection::NotReserved {
            attempted,
            order,
            wanted,
            reserved: 0,
        });
    }
}

#[test]
fn counting_sets_what_is_on_hand() {
    let history = [received(5), reserved("o-1", 3)];
    let stock = given::<Inventory>(&history).when(&adjust(3)).then(adjusted(3)).state;
    assert_eq!(levels(&stock), (3, 3, 0));
    given::<Inventory>(&[]).when(&adjust(7)).then(adjusted(7));
}

#[test]
fn counting_the_known_number_changes_nothing() {
    given::<Inventory>(&[received(5)]).when(&adjust(5)).unchanged();
    given::<Inventory>(&[]).when(&adjust(0)).unchanged();
}

#[test]
fn counting_fewer_than_are_reserved_is_refused() {
    given::<Inventory>(&[received(5), reserved("o-1", 3)])
        .when(&adjust(2))
        .refused(InventoryRejection::BelowReserved { counted: 2, reserved: 3 });
}

#[test]
fn a_stock_does_not_outgrow_what_can_be_counted() {
    let most = Inventory::MAX;
    given::<Inventory>(&[adjusted(most)])
        .when(&receive(1))
        .refused(InventoryRejection::TooMany { most, would_be: most + 1 });
    given::<Inventory>(&[])
        .when(&adjust(u64::MAX))
        .refused(InventoryRejection::TooMany { most, would_be: u64::MAX });
}

#[test]
fn commands_have_names() {
    let commands = [receive(1), reserve("o", 1), release("o", 1), allocate("o", 1), adjust(1)];
    let names = commands.map(|command| command.name());
    assert_eq!(names, ["receive", "reserve", "release", "allocate", "adjust"]);
}

#[test]
fn history_that_no_decision_could_have_written_is_folded_without_a_panic() {
    let stock = given::<Inventory>(&[allocated("o-1", 3), released("o-2", 3)]).state;
    assert_eq!(levels(&stock), (0, 0, 0));
}
