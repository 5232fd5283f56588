//! A batch of the feed as an item.
