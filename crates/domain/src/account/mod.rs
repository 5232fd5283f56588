//! The account: money in, money out, never below zero.
//!
//! Pure: no clock, no I/O. `decide` is the only place that refuses; `evolve` trusts history.
//!
//! An account is of one currency, that of its opening balance. It closes when it is empty, and nothing moves
//! afterwards.

mod commands;
mod deposit_method;
mod events;
mod rejection;
mod state;
mod upcasts;

pub use commands::AccountCommand;
pub use deposit_method::{DepositMethod, InvalidDepositMethod};
pub use events::AccountEvent;
pub use rejection::AccountRejection;
pub use state::{Account, AccountPhase};

use annals_core::{Aggregate, Context, Snapshotted};

use crate::AccountId;

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = AccountId;
    type Event = AccountEvent;
    type Command = AccountCommand;
    type Rejection = AccountRejection;

    fn evolve(&mut self, event: &AccountEvent) {
        self.apply(event);
    }

    fn decide(&self, command: &AccountCommand, _: &Context) -> Result<Vec<AccountEvent>, AccountRejection> {
        commands::decide(self, command)
    }
}

impl Snapshotted for Account {
    const STATE_SCHEMA: u32 = 1;
}
