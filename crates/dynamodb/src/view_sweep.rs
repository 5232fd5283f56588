//! Sweeping what a view no longer keeps.
