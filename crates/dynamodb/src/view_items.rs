//! What a view keeps, as items.
