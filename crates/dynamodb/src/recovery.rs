//! The feed made good from the events table.
