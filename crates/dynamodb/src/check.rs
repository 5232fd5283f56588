//! Checking what only the tables show.
