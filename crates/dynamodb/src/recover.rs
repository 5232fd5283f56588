//! Recovery: what is ahead of history is removed.
