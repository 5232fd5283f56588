//! How the feed is doing.
