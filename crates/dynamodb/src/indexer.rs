//! The one that keeps the feed.
