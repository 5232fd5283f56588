//! Changing a view.
