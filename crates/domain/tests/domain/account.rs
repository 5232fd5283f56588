//! The account's rules: money in, money out, never below zero.

use crate::given::{given, value};
use ordermaster_domain::account::InvalidDepositMethod;
use ordermaster_domain::{
    Account, AccountCommand, AccountEvent, AccountPhase, AccountRejection, Currency, DepositMethod, Money,
    MoneyError,
};

fn opened(balance: &str) -> AccountEvent {
    AccountEvent::Opened { owner: value("Ada Lovelace"), opening_balance: value(balance) }
}

fn deposited(amount: &str) -> AccountEvent {
    AccountEvent::Deposited { amount: value(amount), method: DepositMethod::Cash }
}

fn withdrawn(amount: &str) -> AccountEvent {
    AccountEvent::Withdrawn { amount: value(amount) }
}

fn open(balance: &str) -> AccountCommand {
    AccountCommand::Open { owner: value("Ada Lovelace"), opening_balance: value(balance) }
}

fn deposit(amount: &str) -> AccountCommand {
    AccountCommand::Deposit { amount: value(amount), method: DepositMethod::Cash }
}

fn withdraw(amount: &str) -> AccountCommand {
    AccountCommand::Withdraw { amount: value(amount) }
}

fn mixed(left: Currency, right: Currency) -> AccountRejection {
    AccountRejection::Money(MoneyError::MixedCurrencies { left, right })
}

#[test]
fn an_account_opens_with_money_or_without() {
    given::<Account>(&[]).when(&open("100.00 EUR")).then(opened("100.00 EUR"));
    let account = given::<Account>(&[]).when(&open("0 EUR")).then(opened("0.00 EUR")).state;
    assert_eq!(account.balance(), Some(Money::zero(Currency::EUR)));
    assert_eq!(account.owner().expect("it is open").as_str(), "Ada Lovelace");
    assert_eq!(account.phase(), AccountPhase::Open);
}

#[test]
fn an_account_does_not_open_with_debts() {
    let rejection = AccountRejection::NegativeOpening { opening_balance: value("-0.01 EUR") };
    given::<Account>(&[]).when(&open("-0.01 EUR")).refused(rejection);
}

#[test]
fn deposits_and_withdrawals_add_up() {
    let account = given::<Account>(&[opened("10.00 EUR")])
        .when(&deposit("5.50 EUR"))
        .then(deposited("5.50 EUR"))
        .when(&withdraw("15.49 EUR"))
        .then(withdrawn("15.49 EUR"))
        .state;
    assert_eq!(account.balance(), Some(value("0.01 EUR")));
}

#[test]
fn the_whole_balance_can_be_withdrawn_and_no_more() {
    let history = [opened("10.00 EUR"), deposited("2.00 EUR")];
    given::<Account>(&history).when(&withdraw("12.00 EUR")).then(withdrawn("12.00 EUR"));
    let (amount, balance) = (value("12.01 EUR"), value("12.00 EUR"));
    given::<Account>(&history)
        .when(&withdraw("12.01 EUR"))
        .refused(AccountRejection::InsufficientFunds { amount, balance });
}

#[test]
fn nothing_or_less_does_not_move() {
    for amount in ["0 EUR", "-1 EUR"] {
        let rejection = AccountRejection::NotPositive { amount: value(amount) };
        given::<Account>(&[opened("10 EUR")]).when(&deposit(amount)).refused(rejection.clone());
        given::<Account>(&[opened("10 EUR")]).when(&withdraw(amount)).refused(rejection);
    }
}

#[test]
fn another_currency_does_not_mix_in() {
    let history = [opened("10 EUR")];
    given::<Account>(&history).when(&deposit("1 USD")).refused(mixed(Currency::EUR, Currency::USD));
    given::<Account>(&history).when(&withdraw("1 USD")).refused(mixed(Currency::EUR, Currency::USD));
}

#[test]
fn a_balance_beyond_moneys_range_is_refused() {
    given::<Account>(&[opened("999999999999999.99 EUR")])
        .when(&deposit("0.01 EUR"))
        .refused(AccountRejection::Money(MoneyError::Overflow { currency: Currency::EUR }));
}

#[test]
fn a_new_deposit_says_how_the_money_came_in() {
    let command = AccountCommand::Deposit { amount: value("1 EUR"), method: DepositMethod::Unknown };
    given::<Account>(&[opened("0 EUR")]).when(&command).refused(AccountRejection::MethodUnknown);
    assert!(matches!("unknown".parse::<DepositMethod>(), Err(InvalidDepositMethod { .. })));
    for method in DepositMethod::KNOWN {
        assert_eq!(method.name().parse(), Ok(method));
        let command = AccountCommand::Deposit { amount: value("1 EUR"), method };
        given::<Account>(&[opened("0 EUR")])
            .when(&command)
            .then(AccountEvent::Deposited { amount: value("1 EUR"), method });
    }
}

#[test]
fn an_account_closes_when_it_is_empty() {
    let account = given::<Account>(&[opened("1 EUR"), withdrawn("1 EUR")])
        .when(&AccountCommand::Close)
        .then(AccountEvent::Closed)
        .state;
    assert_eq!((account.phase(), account.balance()), (AccountPhase::Closed, None));
    assert_eq!(account.owner().expect("it was open").as_str(), "Ada Lovelace");
}

#[test]
fn an_account_with_money_in_it_does_not_close() {
    given::<Account>(&[opened("0.01 EUR")])
        .when(&AccountCommand::Close)
        .refused(AccountRejection::BalanceNotZero { balance: value("0.01 EUR") });
}

#[test]
fn every_move_that_its_phase_does_not_allow_is_refused_by_name() {
    let history = |phase, opening_balance| match phase {
        AccountPhase::Absent => vec![],
        AccountPhase::Open => vec![opened(opening_balance)],
        AccountPhase::Closed => vec![opened("0 EUR"), AccountEvent::Closed],
    };
    // Each with an opening balance that suits it, and the one phase that allows it.
    let commands = [
        ("open", open("0 EUR"), "0 EUR", AccountPhase::Absent),
        ("deposit", deposit("1 EUR"), "0 EUR", AccountPhase::Open),
        ("withdraw", withdraw("1 EUR"), "1 EUR", AccountPhase::Open),
        ("close", AccountCommand::Close, "0 EUR", AccountPhase::Open),
    ];
    for phase in [AccountPhase::Absent, AccountPhase::Open, AccountPhase::Closed] {
        for (name, command, opening_balance, allowed) in &commands {
            assert_eq!(command.name(), *name);
            let account = given::<Account>(&history(phase, opening_balance));
            assert_eq!(account.state.phase(), phase);
            let decided = account.when(command);
            if *allowed == phase {
                decided.accepted();
            } else {
                decided.refused(AccountRejection::NotAllowed { phase, attempted: name });
            }
        }
    }
    let closed = AccountRejection::NotAllowed { phase: AccountPhase::Closed, attempted: "withdraw" };
    assert_eq!(
        closed.to_string(),
        "cannot withdraw from an account that is closed; nothing happens to it any more"
    );
}

#[test]
fn history_that_no_decision_could_have_written_is_folded_without_a_panic() {
    for event in [deposited("1 EUR"), withdrawn("1 EUR"), AccountEvent::Closed] {
        assert_eq!(given::<Account>(&[event]).state, Account::Absent);
    }
}
