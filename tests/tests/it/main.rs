//! Tests across stores, and of the whole as a newcomer meets it.

mod equivalence;
mod newcomer;
mod script;
