//! The store's cost and its hottest keys, worked out from the tables' design: what the tests hold to limits, what
//! `examples/partition_limits.rs` prints, and what `docs/dynamodb-cost.md` shows. No server is asked.

pub(crate) mod items;
pub(crate) mod load;
pub(crate) mod page;
pub(crate) mod partitions;
pub(crate) mod shapes;
pub(crate) mod tables;
pub(crate) mod views;
