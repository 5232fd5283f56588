//! The order's rules, command by command; who may do what when is in `order_phases.rs`.

use ordermaster_domain::{
    Currency, LineNumber, MoneyError, NewOrder, Order, OrderCommand, OrderEvent, OrderPhase, OrderRejection,
    Quantity, Settlement,
};

use crate::given::{NOW, given, value};
use crate::order_examples::{
    cancel, cancelled, confirmed, correct_tax, create, created, created_with, history, item, line, mixed,
    order_of, paid, pay, returned, take_back, tax_corrected, tracking,
};

#[test]
fn a_created_order_totals_its_lines_and_their_tax() {
    let items = vec![item("A", 2, "10 GBP"), item("B", 1, "5 GBP")];
    let order = given::<Order>(&[]).when(&create(items, "0.2")).then(created()).state;
    let order = order.placed().expect("it was created");
    assert_eq!(order.net(), Ok(value("25 GBP")));
    assert_eq!((order.total, order.settlement()), (value("30 GBP"), Settlement::Unpaid));
}

#[test]
fn an_order_is_placed_now_unless_another_time_is_given() {
    let placed_at = None;
    let new = NewOrder { placed_at, ..order_of(vec![item("A", 1, "1 GBP")], "0") };
    let order = given::<Order>(&[]).when(&OrderCommand::Create(new)).accepted().state;
    assert_eq!(order.placed().expect("it was created").placed_at, NOW);
}

#[test]
fn tax_is_rounded_once_over_the_whole_sum_halves_away_from_zero() {
    let items = vec![item("A", 1, "0.05 GBP"), item("B", 1, "0.05 GBP"), item("C", 1, "0.05 GBP")];
    let order = given::<Order>(&[]).when(&create(items, "0.1")).accepted().state;
    assert_eq!(order.placed().expect("it was created").tax, value("0.02 GBP")); // 0.015, not 3 × 0.01
    let order = given::<Order>(&[]).when(&create(vec![item("A", 1, "5 JPY")], "0.1")).accepted().state;
    assert_eq!(order.placed().expect("it was created").tax, value("1 JPY"));
}

#[test]
fn an_order_without_items_is_refused() {
    given::<Order>(&[]).when(&create(vec![], "0.2")).refused(OrderRejection::NoItems);
}

#[test]
fn an_order_may_have_1200_lines_and_no_more() {
    let many = |count| create(vec![item("A", 1, "1 GBP"); count], "0");
    let order = given::<Order>(&[]).when(&many(1_200)).accepted();
    order
        .when(&OrderCommand::AddItem(item("A", 1, "1 GBP")))
        .refused(OrderRejection::TooManyLines { most: 1_200 });
    given::<Order>(&[]).when(&many(1_201)).refused(OrderRejection::TooManyLines { most: 1_200 });
}

#[test]
fn a_price_may_be_nothing_but_not_less() {
    given::<Order>(&[]).when(&create(vec![item("A", 1, "0 GBP")], "0.2")).accepted();
    let negative = || OrderRejection::NegativePrice { sku: value("A"), unit_price: value("-0.01 GBP") };
    given::<Order>(&[]).when(&create(vec![item("A", 1, "-0.01 GBP")], "0.2")).refused(negative());
    given::<Order>(&[created()]).when(&OrderCommand::AddItem(item("A", 1, "-0.01 GBP"))).refused(negative());
}

#[test]
fn an_order_is_of_one_currency() {
    let items = vec![item("A", 1, "1 GBP"), item("B", 1, "1 EUR")];
    given::<Order>(&[]).when(&create(items, "0")).refused(mixed(Currency::GBP, Currency::EUR));
    given::<Order>(&[created()])
        .when(&OrderCommand::AddItem(item("C", 1, "1 EUR")))
        .refused(mixed(Currency::GBP, Currency::EUR));
}

#[test]
fn an_order_beyond_moneys_range_is_refused() {
    let overflow = || OrderRejection::Money(MoneyError::Overflow { currency: Currency::GBP });
    let items = vec![item("A", u32::MAX, "999999999999999.99 GBP")];
    given::<Order>(&[]).when(&create(items, "0")).refused(overflow());
    let items = vec![item("A", 1, "600000000000000 GBP")];
    given::<Order>(&[]).when(&create(items.clone(), "1")).refused(overflow());
    given::<Order>(&[])
        .when(&create(items, "0"))
        .accepted()
        .when(&correct_tax("500000000000000 GBP"))
        .refused(overflow());
}

#[test]
fn an_added_item_becomes_the_next_line_and_tax_follows_the_rate() {
    given::<Order>(&[created()]).when(&OrderCommand::AddItem(item("C", 3, "5 GBP"))).then(
        OrderEvent::ItemAdded {
            line: line("3", "C", 3, "5 GBP"),
            tax: value("8 GBP"),
            total: value("48 GBP"),
        },
    );
}

#[test]
fn an_article_may_stand_on_several_lines_at_several_prices() {
    let order = given::<Order>(&[created()])
        .when(&OrderCommand::AddItem(item("A", 1, "10 GBP")))
        .accepted()
        .when(&OrderCommand::AddItem(item("A", 1, "9 GBP")))
        .accepted()
        .state;
    let order = order.placed().expect("it was created");
    assert_eq!(order.lines.iter().map(|line| line.number.get()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(order.returnable(&value("A")), 4);
}

#[test]
fn a_removed_item_takes_its_price_and_tax_along() {
    let removed = OrderEvent::ItemRemoved {
        line: LineNumber::FIRST,
        sku: value("A"),
        quantity: Quantity::new(2).expect("more than none"),
        tax: value("1 GBP"),
        total: value("6 GBP"),
    };
    given::<Order>(&[created()]).when(&OrderCommand::RemoveItem { line: LineNumber::FIRST }).then(removed);
}

#[test]
fn a_removed_lines_number_is_not_given_again() {
    let order = given::<Order>(&[created()])
        .when(&OrderCommand::RemoveItem { line: value("2") })
        .accepted()
        .when(&OrderCommand::AddItem(item("C", 1, "5 GBP")))
        .accepted()
        .state;
    let numbers = order.placed().expect("it was created").lines.iter().map(|line| line.number.get());
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn the_last_item_cannot_be_removed() {
    let only = created_with(vec![line("1", "A", 1, "1 GBP")], "0 GBP", "0", "1 GBP");
    given::<Order>(&[only])
        .when(&OrderCommand::RemoveItem { line: LineNumber::FIRST })
        .refused(OrderRejection::LastLine { line: LineNumber::FIRST });
}

#[test]
fn a_line_that_is_not_there_cannot_be_removed() {
    given::<Order>(&[created()])
        .when(&OrderCommand::RemoveItem { line: value("3") })
        .refused(OrderRejection::NoSuchLine { line: value("3") });
}

#[test]
fn a_confirmation_is_of_now() {
    given::<Order>(&[created()])
        .when(&OrderCommand::Confirm { payment_method: value("pm_1") })
        .then(confirmed());
}

#[test]
fn exactly_the_total_is_paid() {
    let order = given::<Order>(&history(OrderPhase::Confirmed)).when(&pay("30 GBP")).then(paid()).state;
    assert_eq!(order.placed().expect("it was created").settlement(), Settlement::Settled);
    for amount in ["29.99 GBP", "30.01 GBP", "0 GBP", "-30 GBP"] {
        let rejection = OrderRejection::AmountIsNotTotal { paid: value(amount), total: value("30 GBP") };
        given::<Order>(&history(OrderPhase::Confirmed)).when(&pay(amount)).refused(rejection);
    }
    given::<Order>(&history(OrderPhase::Confirmed))
        .when(&pay("30 USD"))
        .refused(mixed(Currency::GBP, Currency::USD));
}

#[test]
fn a_paid_order_is_shipped_and_delivered() {
    given::<Order>(&history(OrderPhase::Paid))
        .when(&OrderCommand::Ship(tracking()))
        .then(OrderEvent::Shipped(tracking()))
        .when(&OrderCommand::Deliver)
        .then(OrderEvent::Delivered);
}

#[test]
fn cancelling_an_unpaid_order_refunds_nothing() {
    for phase in [OrderPhase::Created, OrderPhase::Confirmed] {
        given::<Order>(&history(phase)).when(&cancel(None)).then(cancelled("0 GBP"));
        given::<Order>(&history(phase)).when(&cancel(Some("0 GBP"))).then(cancelled("0 GBP"));
        let (refund, refundable) = (value("0.01 GBP"), value("0 GBP"));
        given::<Order>(&history(phase))
            .when(&cancel(Some("0.01 GBP")))
            .refused(OrderRejection::RefundAbovePaid { refund, refundable });
    }
}

#[test]
fn cancelling_a_paid_order_refunds_what_was_paid_or_less() {
    let history = history(OrderPhase::Paid);
    let order = given::<Order>(&history).when(&cancel(None)).then(cancelled("30 GBP")).state;
    assert_eq!(order.placed().expect("it was created").refundable(), value("0 GBP"));
    given::<Order>(&history).when(&cancel(Some("12.34 GBP"))).then(cancelled("12.34 GBP"));
    let (refund, refundable) = (value("30.01 GBP"), value("30 GBP"));
    given::<Order>(&history)
        .when(&cancel(Some("30.01 GBP")))
        .refused(OrderRejection::RefundAbovePaid { refund, refundable });
    given::<Order>(&history)
        .when(&cancel(Some("-0.01 GBP")))
        .refused(OrderRejection::NegativeRefund { refund: value("-0.01 GBP") });
    given::<Order>(&history).when(&cancel(Some("1 EUR"))).refused(mixed(Currency::GBP, Currency::EUR));
}

#[test]
fn what_was_bought_comes_back_in_parts_until_nothing_is_left() {
    let order = given::<Order>(&history(OrderPhase::Delivered))
        .when(&take_back(&[("A", 1)], "12 GBP"))
        .then(returned(&[("A", 1)], "12 GBP"))
        .when(&take_back(&[("A", 1), ("B", 1)], "18 GBP"))
        .then(returned(&[("A", 1), ("B", 1)], "18 GBP"));
    assert_eq!(order.state.placed().expect("it was created").refunded, value("30 GBP"));
    order.when(&take_back(&[("A", 1)], "0 GBP")).refused(OrderRejection::ReturnAboveBought {
        sku: value("A"),
        returned: 1,
        left: 0,
    });
}

#[test]
fn no_more_comes_back_than_was_bought() {
    let history = history(OrderPhase::Delivered);
    for (items, sku, returned, left) in [
        (&[("A", 3)][..], "A", 3, 2),
        (&[("A", 1), ("B", 1), ("A", 2)], "A", 3, 2),
        (&[("A", 1), ("C", 1)], "C", 1, 0),
    ] {
        let rejection = OrderRejection::ReturnAboveBought { sku: value(sku), returned, left };
        given::<Order>(&history).when(&take_back(items, "0 GBP")).refused(rejection);
    }
    given::<Order>(&history).when(&take_back(&[], "0 GBP")).refused(OrderRejection::NothingReturned);
}

#[test]
fn a_return_refunds_no_more_than_is_left_of_what_was_paid() {
    let order = || given::<Order>(&history(OrderPhase::Delivered)).and(&[returned(&[("A", 1)], "20 GBP")]);
    order().when(&take_back(&[("A", 1)], "10 GBP")).then(returned(&[("A", 1)], "10 GBP"));
    let (refund, refundable) = (value("10.01 GBP"), value("10 GBP"));
    order()
        .when(&take_back(&[("A", 1)], "10.01 GBP"))
        .refused(OrderRejection::RefundAbovePaid { refund, refundable });
    order()
        .when(&take_back(&[("A", 1)], "-1 GBP"))
        .refused(OrderRejection::NegativeRefund { refund: value("-1 GBP") });
    order().when(&take_back(&[("A", 1)], "1 EUR")).refused(mixed(Currency::GBP, Currency::EUR));
}

#[test]
fn a_tax_corrected_before_payment_changes_what_is_to_be_paid() {
    let corrected = tax_corrected("5 GBP", "0 GBP", "25 GBP", Settlement::Unpaid);
    for phase in [OrderPhase::Created, OrderPhase::Confirmed] {
        given::<Order>(&history(phase)).when(&correct_tax("0 GBP")).then(corrected.clone());
    }
    given::<Order>(&history(OrderPhase::Confirmed)).and(&[corrected]).when(&pay("25 GBP")).accepted();
}

#[test]
fn a_tax_corrected_after_payment_is_owed_or_refundable() {
    let refundable = Settlement::Refundable(value("5 GBP"));
    let owed = Settlement::Owed(value("0.99 GBP"));
    for phase in [OrderPhase::Paid, OrderPhase::Shipped, OrderPhase::Delivered] {
        let order = given::<Order>(&history(phase))
            .when(&correct_tax("0 GBP"))
            .then(tax_corrected("5 GBP", "0 GBP", "25 GBP", refundable))
            .when(&correct_tax("5.99 GBP"))
            .then(tax_corrected("0 GBP", "5.99 GBP", "30.99 GBP", owed));
        assert_eq!(order.state.phase(), phase);
        assert_eq!(order.state.placed().expect("it was created").settlement(), owed);
        order.when(&correct_tax("5 GBP")).then(tax_corrected(
            "5.99 GBP",
            "5 GBP",
            "30 GBP",
            Settlement::Settled,
        ));
    }
}

#[test]
fn the_tax_of_a_returned_order_can_be_corrected() {
    let settlement = Settlement::Owed(value("1 GBP"));
    given::<Order>(&history(OrderPhase::Delivered))
        .and(&[returned(&[("A", 1)], "12 GBP")])
        .when(&correct_tax("6 GBP"))
        .then(tax_corrected("5 GBP", "6 GBP", "31 GBP", settlement));
}

#[test]
fn the_same_tax_again_changes_nothing() {
    given::<Order>(&[created()]).when(&correct_tax("5.00 GBP")).unchanged();
}

#[test]
fn a_tax_is_not_negative_and_of_the_orders_currency() {
    given::<Order>(&[created()])
        .when(&correct_tax("-0.01 GBP"))
        .refused(OrderRejection::NegativeTax { tax: value("-0.01 GBP") });
    given::<Order>(&[created()]).when(&correct_tax("5 EUR")).refused(mixed(Currency::GBP, Currency::EUR));
}

#[test]
fn an_item_added_after_a_correction_computes_the_tax_anew() {
    given::<Order>(&[created(), tax_corrected("5 GBP", "0 GBP", "25 GBP", Settlement::Unpaid)])
        .when(&OrderCommand::AddItem(item("C", 1, "5 GBP")))
        .then(OrderEvent::ItemAdded {
            line: line("3", "C", 1, "5 GBP"),
            tax: value("6 GBP"),
            total: value("36 GBP"),
        });
}
