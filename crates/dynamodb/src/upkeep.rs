//! Upkeep of the store.
