//! Random scripts of commands: nothing panics, and what must always hold holds after every step.

use annals_core::{Context, DomainEvent, Snapshotted};
use ordermaster_domain::{
    Account, AccountCommand, DepositMethod, Inventory, InventoryCommand, LineNumber, Money, NewItem,
    NewOrder, Order, OrderCommand, OrderPhase, Payment, PaymentCommand, Quantity, ReturnedItem, Settlement,
    Sku, Tracking,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::given::{NOW, value};

/// Amounts that are often right, and at times wrong in every way.
fn amount() -> impl Strategy<Value = Money> {
    let usual = (0_u32..5_000).prop_map(|pence| value(&format!("{}.{:02} GBP", pence / 100, pence % 100)));
    let odd = select(vec!["0 GBP", "-1 GBP", "1 EUR", "999999999999999.99 GBP", "7 JPY"]).prop_map(value);
    prop_oneof![8 => usual, 1 => odd]
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![20 => 1_u32..6, 1 => Just(u32::MAX)]
        .prop_map(|number| Quantity::new(number).expect("more than none"))
}

fn sku() -> impl Strategy<Value = Sku> {
    select(vec!["A", "B", "C"]).prop_map(value)
}

fn item() -> impl Strategy<Value = NewItem> {
    (sku(), quantity(), amount()).prop_map(|(sku, quantity, unit_price)| NewItem {
        sku,
        description: value("an article"),
        quantity,
        unit_price,
    })
}

fn create() -> impl Strategy<Value = OrderCommand> {
    (vec(item(), 0..4), select(vec!["0", "0.2", "0.077", "1"])).prop_map(|(items, tax_rate)| {
        OrderCommand::Create(NewOrder {
            customer: value("c-1"),
            placed_at: None,
            items,
            tax_rate: value(tax_rate),
            shipping_address: value("France"),
        })
    })
}

/// A step of an order's script: a command as it is, or the payment of whatever the total is by then.
#[derive(Clone, Debug)]
enum Step {
    Command(OrderCommand),
    PayTotal,
}

fn step() -> impl Strategy<Value = Step> {
    let returned = (sku(), quantity()).prop_map(|(sku, quantity)| ReturnedItem { sku, quantity });
    let line = (1_u32..6).prop_map(|number| value::<LineNumber>(&number.to_string()));
    let tracking = Tracking { carrier: value("DHL"), tracking_number: value("1") };
    let command = prop_oneof![
        2 => create(),
        2 => item().prop_map(OrderCommand::AddItem),
        2 => line.prop_map(|line| OrderCommand::RemoveItem { line }),
        2 => Just(OrderCommand::Confirm { payment_method: value("pm_1") }),
        1 => amount().prop_map(|amount| OrderCommand::MarkPaid { payment: value("p-1"), amount }),
        2 => Just(OrderCommand::Ship(tracking)),
        2 => Just(OrderCommand::Deliver),
        1 => option::of(amount()).prop_map(|refund| OrderCommand::Cancel { reason: value("no"), refund }),
        3 => (vec(returned, 0..3), amount())
            .prop_map(|(items, refund)| OrderCommand::Return { items, reason: value("no"), refund }),
        2 => amount().prop_map(|tax| OrderCommand::CorrectTax { tax, reason: value("no") }),
    ];
    prop_oneof![8 => command.prop_map(Step::Command), 2 => Just(Step::PayTotal)]
}

fn order_script() -> impl Strategy<Value = Vec<Step>> {
    (create(), vec(step(), 0..40)).prop_map(|(create, mut steps)| {
        steps.insert(0, Step::Command(create));
        steps
    })
}

fn payment_command() -> impl Strategy<Value = PaymentCommand> {
    prop_oneof![
        2 => amount().prop_map(|amount| PaymentCommand::Request { order: value("o-1"), amount, method: value("pm_1") }),
        2 => Just(PaymentCommand::Process { transaction_id: value("t-1"), gateway_response: value("ok") }),
        1 => Just(PaymentCommand::Fail { reason: value("no") }),
        4 => amount().prop_map(|amount| PaymentCommand::Refund { amount }),
    ]
}

fn inventory_command() -> impl Strategy<Value = InventoryCommand> {
    let order = || select(vec!["o-1", "o-2", "o-3"]).prop_map(value);
    prop_oneof![
        quantity().prop_map(|quantity| InventoryCommand::Receive { quantity }),
        (order(), quantity()).prop_map(|(order, quantity)| InventoryCommand::Reserve { order, quantity }),
        (order(), quantity()).prop_map(|(order, quantity)| InventoryCommand::Release { order, quantity }),
        (order(), quantity()).prop_map(|(order, quantity)| InventoryCommand::Allocate { order, quantity }),
        prop_oneof![0_u64..12, any::<u64>()]
            .prop_map(|counted| InventoryCommand::Adjust { counted, reason: value("stocktaking") }),
    ]
}

fn account_command() -> impl Strategy<Value = AccountCommand> {
    prop_oneof![
        1 => amount().prop_map(|opening_balance| AccountCommand::Open { owner: value("Ada"), opening_balance }),
        3 => (amount(), select(DepositMethod::KNOWN.to_vec()))
            .prop_map(|(amount, method)| AccountCommand::Deposit { amount, method }),
        3 => amount().prop_map(|amount| AccountCommand::Withdraw { amount }),
        1 => Just(AccountCommand::Close),
    ]
}

/// Decides, and folds what was decided through its recorded form. A refusal leaves everything as it was.
fn run<A: Snapshotted>(state: &mut A, command: &A::Command) -> Result<usize, A::Rejection> {
    let events = state.decide(command, &Context::at(NOW))?;
    for event in &events {
        let payload = event.encode().expect("every event can be recorded");
        let read = A::Event::decode(event.kind().name, &payload).expect("every recorded event can be read");
        state.evolve(&read);
    }
    Ok(events.len())
}

fn check_order(order: &Order) -> Result<(), TestCaseError> {
    let Some(order) = order.placed() else { return Ok(()) };
    let net = order.net().expect("what was accepted is in range");
    prop_assert_eq!(net.checked_add(order.tax), Ok(order.total));
    prop_assert!(!order.tax.is_negative() && !net.is_negative());
    prop_assert!(!order.lines.is_empty());
    prop_assert!(order.lines.windows(2).all(|pair| pair[0].number < pair[1].number));
    prop_assert!(order.lines.iter().all(|line| line.number < order.next_line));
    prop_assert!(!order.refunded.is_negative());
    prop_assert_eq!(order.refunded.exceeds(order.paid), Ok(false));
    for (sku, returned) in &order.returned {
        let bought: u64 =
            order.lines.iter().filter(|line| line.sku == *sku).map(|line| u64::from(line.quantity)).sum();
        prop_assert!(*returned <= bought);
    }
    let difference = order.total.checked_sub(order.paid).expect("it is in range");
    match order.settlement() {
        Settlement::Unpaid => prop_assert!(order.paid.is_zero()),
        Settlement::Owed(owed) => prop_assert_eq!(owed, difference),
        Settlement::Refundable(left) => {
            prop_assert_eq!(order.paid.checked_sub(order.total), Ok(left));
            prop_assert!(left.is_positive());
        }
        Settlement::Settled => prop_assert!(difference.is_zero() || order.phase == OrderPhase::Cancelled),
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_order_always_adds_up(script in order_script()) {
        let mut order = Order::default();
        for step in script {
            let command = match step {
                Step::Command(command) => command,
                Step::PayTotal => {
                    let amount = order.placed().map_or_else(|| value("1 GBP"), |order| order.total);
                    OrderCommand::MarkPaid { payment: value("p-1"), amount }
                }
            };
            let before = order.clone();
            if run(&mut order, &command).is_err() {
                prop_assert_eq!(&order, &before);
            } else if let OrderCommand::Cancel { .. } = command {
                prop_assert_eq!(order.phase(), OrderPhase::Cancelled);
            }
            check_order(&order)?;
        }
    }

    #[test]
    fn a_payment_never_gives_back_more_than_it_took(script in vec(payment_command(), 0..30)) {
        let mut payment = Payment::default();
        for command in script {
            drop(run(&mut payment, &command));
            if let Payment::Processed { amount, refunded, .. } = payment {
                prop_assert!(amount.is_positive() && !refunded.is_negative());
                prop_assert_eq!(refunded.exceeds(amount), Ok(false));
            }
        }
    }

    #[test]
    fn what_is_reserved_is_there(script in vec(inventory_command(), 0..60)) {
        let mut stock = Inventory::default();
        for command in script {
            drop(run(&mut stock, &command));
            prop_assert!(stock.on_hand() <= Inventory::MAX);
            prop_assert_eq!(stock.available() + stock.reserved(), stock.on_hand());
            prop_assert!(stock.reservations().all(|(_, pieces)| pieces > 0));
        }
    }

    #[test]
    fn a_balance_is_what_came_in_less_what_went_out(script in vec(account_command(), 0..60)) {
        let mut account = Account::default();
        let mut expected: Option<Money> = None;
        for command in script {
            if run(&mut account, &command).is_ok() {
                expected = match (&command, expected) {
                    (AccountCommand::Open { opening_balance, .. }, None) => Some(*opening_balance),
                    (AccountCommand::Deposit { amount, .. }, Some(balance)) => balance.checked_add(*amount).ok(),
                    (AccountCommand::Withdraw { amount }, Some(balance)) => balance.checked_sub(*amount).ok(),
                    (AccountCommand::Close, Some(balance)) if balance.is_zero() => None,
                    (command, balance) => return Err(TestCaseError::fail(format!("{command:?} with {balance:?}"))),
                };
            }
            prop_assert_eq!(account.balance(), expected);
            prop_assert!(expected.is_none_or(|balance| !balance.is_negative()));
        }
    }
}
