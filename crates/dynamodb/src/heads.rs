//! Heads that this store told (to be written).

#[derive(Default)]
pub(crate) struct Heads;
