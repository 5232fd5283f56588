//! The domain's tests, as one program: the rules of each aggregate, the values, the recorded shapes that must be
//! read for ever, and random scripts of commands.

mod account;
mod given;
mod golden;
mod golden_examples;
mod golden_histories;
mod inventory;
mod money;
mod order;
mod order_examples;
mod order_phases;
mod payment;
mod scripts;
mod values;
