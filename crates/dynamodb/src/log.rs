//! The feed's batches, put and read.
