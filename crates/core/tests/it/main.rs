//! The tests of the vocabulary, through the public interface alone, as one program.
//!
//! One module a word; `recording` makes the recorded events that the others read. The derives' refusals are
//! programs of their own, under `tests/refused`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands, in its own functions too")]

// As the facade's users see it: the derives with the `Facade` prefix name `::annals`.
extern crate annals_core as annals;

mod derive_attributes;
mod derive_shapes;
mod digest;
mod event_set;
mod event_type;
mod identity;
mod metadata;
mod recording;
mod refused;
mod rehydrate;
mod stream;
mod time;
mod upcasting;
