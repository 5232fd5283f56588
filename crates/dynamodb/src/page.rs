//! Pages of the feed.
