//! Questions and their answers: from read models, and through time from the streams themselves.
//!
//! Reads only. Whoever asks a read model brings it up to date first, or takes it as it is.

pub mod customers;
pub mod sales;
pub mod statements;
pub mod streams;
