//! Tests across stores live beside this file in `tests/`; the crate itself holds nothing.
