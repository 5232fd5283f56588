//! The payment's rules: taken once or failed, and never refunded beyond what was taken.

use crate::given::{given, value};
use ordermaster_domain::{
    Currency, GatewayResponse, InvalidText, MoneyError, Payment, PaymentCommand, PaymentEvent, PaymentPhase,
    PaymentRejection,
};

fn requested() -> PaymentEvent {
    PaymentEvent::Requested { order: value("o-1"), amount: value("30 GBP"), method: value("pm_7f3c") }
}

fn processed() -> PaymentEvent {
    PaymentEvent::Processed {
        transaction_id: value("txn-9"),
        gateway_response: value("{\"code\": \"approved\"}\n"),
    }
}

fn failed() -> PaymentEvent {
    PaymentEvent::Failed { reason: value("card declined") }
}

fn refunded(amount: &str) -> PaymentEvent {
    PaymentEvent::Refunded { amount: value(amount) }
}

fn request(amount: &str) -> PaymentCommand {
    PaymentCommand::Request { order: value("o-1"), amount: value(amount), method: value("pm_7f3c") }
}

fn process() -> PaymentCommand {
    PaymentCommand::Process {
        transaction_id: value("txn-9"),
        gateway_response: value("{\"code\": \"approved\"}\n"),
    }
}

fn fail() -> PaymentCommand {
    PaymentCommand::Fail { reason: value("card declined") }
}

fn refund(amount: &str) -> PaymentCommand {
    PaymentCommand::Refund { amount: value(amount) }
}

#[test]
fn a_payment_is_requested_for_an_order() {
    let payment = given::<Payment>(&[]).when(&request("30 GBP")).then(requested()).state;
    assert_eq!(payment.order(), Some(&value("o-1")));
    assert_eq!((payment.amount(), payment.refundable()), (Some(value("30 GBP")), None));
}

#[test]
fn a_payment_of_nothing_or_less_is_not_requested() {
    for amount in ["0 GBP", "-30 GBP"] {
        let rejection = PaymentRejection::NotPositive { amount: value(amount) };
        given::<Payment>(&[]).when(&request(amount)).refused(rejection);
    }
}

#[test]
fn a_requested_payment_is_processed_with_what_the_gateway_answered() {
    let payment = given::<Payment>(&[requested()]).when(&process()).then(processed()).state;
    assert_eq!(payment.refundable(), Some(value("30 GBP")));
}

#[test]
fn a_requested_payment_may_fail_with_a_reason() {
    let payment = given::<Payment>(&[requested()]).when(&fail()).then(failed()).state;
    assert_eq!((payment.phase(), payment.amount()), (PaymentPhase::Failed, Some(value("30 GBP"))));
    assert_eq!(payment.order(), Some(&value("o-1")));
}

#[test]
fn refunds_add_up_to_what_was_processed_and_no_more() {
    let payment = given::<Payment>(&[requested(), processed()])
        .when(&refund("10 GBP"))
        .then(refunded("10 GBP"))
        .when(&refund("20 GBP"))
        .then(refunded("20 GBP"));
    assert_eq!(payment.state.refundable(), Some(value("0 GBP")));
    let (refund_of, refundable) = (value("0.01 GBP"), value("0 GBP"));
    payment
        .when(&refund("0.01 GBP"))
        .refused(PaymentRejection::RefundAboveProcessed { refund: refund_of, refundable });
}

#[test]
fn a_refund_of_nothing_or_less_is_refused() {
    for amount in ["0 GBP", "-1 GBP"] {
        let rejection = PaymentRejection::NotPositive { amount: value(amount) };
        given::<Payment>(&[requested(), processed()]).when(&refund(amount)).refused(rejection);
    }
}

#[test]
fn a_refund_in_another_currency_is_refused() {
    let mixed = MoneyError::MixedCurrencies { left: Currency::GBP, right: Currency::EUR };
    given::<Payment>(&[requested(), processed()])
        .when(&refund("1 EUR"))
        .refused(PaymentRejection::Money(mixed));
}

#[test]
fn every_move_that_its_phase_does_not_allow_is_refused_by_name() {
    let histories = [
        (PaymentPhase::Absent, vec![]),
        (PaymentPhase::Requested, vec![requested()]),
        (PaymentPhase::Processed, vec![requested(), processed()]),
        (PaymentPhase::Failed, vec![requested(), failed()]),
    ];
    let commands = [
        ("request", request("30 GBP"), PaymentPhase::Absent),
        ("process", process(), PaymentPhase::Requested),
        ("fail", fail(), PaymentPhase::Requested),
        ("refund", refund("1 GBP"), PaymentPhase::Processed),
    ];
    for (phase, history) in &histories {
        for (name, command, allowed) in &commands {
            assert_eq!(command.name(), *name);
            let payment = given::<Payment>(history);
            assert_eq!(payment.state.phase(), *phase);
            let decided = payment.when(command);
            if allowed == phase {
                decided.accepted();
            } else {
                decided.refused(PaymentRejection::NotAllowed { phase: *phase, attempted: name });
            }
        }
    }
}

#[test]
fn a_gateway_response_never_carries_a_card_number() {
    let what = "gateway response";
    let response = GatewayResponse::new(r#"{"card":"4111111111111111"}"#);
    assert_eq!(response, Err(InvalidText::CardNumber { what }));
    assert_eq!(GatewayResponse::new("a\0b"), Err(InvalidText::Character { what, found: '\0' }));
    let (actual, most) = (GatewayResponse::MAX + 1, GatewayResponse::MAX);
    let too_long = InvalidText::Length { what, actual, least: 0, most };
    assert_eq!(GatewayResponse::new(&"x".repeat(actual)), Err(too_long));
    assert!(GatewayResponse::new(r#"{"card":"************1111"}"#).is_ok());
}

#[test]
fn history_that_no_decision_could_have_written_is_folded_without_a_panic() {
    for event in [processed(), failed(), refunded("1 GBP")] {
        assert_eq!(given::<Payment>(&[event]).state, Payment::Absent);
    }
}
