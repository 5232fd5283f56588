//! Commits. Laws A01 to A12.
