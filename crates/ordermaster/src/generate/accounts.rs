//! What happens to accounts: customers' own, each told whole; and the tills, into which everybody pays.

use std::time::Duration;

use annals::Timestamp;
use ordermaster_domain::{AccountCommand, AccountId, Currency, DepositMethod, Money, Owner};
use rust_decimal::Decimal;

use super::catalogue;
use super::step::{Act, Telling, valid};

/// How many tills there are. Several lanes pay into each: the one place where commits meet.
pub(super) const TILLS: u64 = 8;

/// The till with this number.
pub(super) fn till(seed: u64, number: u64) -> AccountId {
    valid(AccountId::new(&format!("s{seed}-till-{}", number % TILLS)))
}

/// Opens every till.
pub(super) fn open_tills(telling: &mut Telling, seed: u64, at: Timestamp) {
    for number in 0..TILLS {
        telling.done(at, [open(&till(seed, number), "the shop", 10_000)]);
    }
}

/// Pays into a till.
pub(super) fn pay_in(seed: u64, number: u64, amount: Money) -> Act {
    Act::Account(till(seed, number), AccountCommand::Deposit { amount, method: DepositMethod::Cash })
}

/// The story of an account: opened, moved, closed at times.
pub(super) fn tell(telling: &mut Telling, seed: u64, number: u64, at: Timestamp, rng: &mut fastrand::Rng) {
    let account = valid(AccountId::new(&format!("s{seed}-{number:05}")));
    let act = |command| Act::Account(account.clone(), command);
    let mut balance = rng.i64(0..50_000);
    telling.done(at, [open(&account, catalogue::owner(number), balance)]);
    for turn in 1..rng.u64(4..9) {
        let at = at.plus(Duration::from_secs(turn * 600));
        if balance > 1_000 && rng.u8(0..100) < 40 {
            let amount = rng.i64(1..balance);
            balance -= amount;
            telling.done(at, [act(withdraw(amount))]);
        } else {
            let amount = rng.i64(100..20_000);
            balance += amount;
            telling.done(at, [act(deposit(amount, rng))]);
        }
    }
    let at = at.plus(Duration::from_secs(7_200));
    if rng.u8(0..100) < 25 {
        telling.refused("withdraw more than there is", at, act(withdraw(balance + 1)));
    }
    if rng.u8(0..100) < 15 {
        telling.refused("close an account that holds money", at, act(AccountCommand::Close));
        telling.done(at, [act(withdraw(balance))]);
        telling.done(at, [act(AccountCommand::Close)]);
        telling.refused("deposit to an account that is closed", at, act(deposit(100, rng)));
    }
}

fn open(account: &AccountId, owner: &str, pence: i64) -> Act {
    let owner = valid(Owner::new(owner));
    Act::Account(account.clone(), AccountCommand::Open { owner, opening_balance: pounds(pence) })
}

fn deposit(pence: i64, rng: &mut fastrand::Rng) -> AccountCommand {
    let method = DepositMethod::KNOWN[rng.usize(0..DepositMethod::KNOWN.len())];
    AccountCommand::Deposit { amount: pounds(pence), method }
}

fn withdraw(pence: i64) -> AccountCommand {
    AccountCommand::Withdraw { amount: pounds(pence) }
}

fn pounds(pence: i64) -> Money {
    valid(Money::new(Decimal::new(pence, 2), Currency::GBP))
}
