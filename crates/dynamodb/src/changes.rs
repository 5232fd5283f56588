//! The events table's stream, record by record.
