//! `inventory_levels`: one row an article: how much is there, set aside, and to be had.

use annals::Recorded;
use annals::projection::{Keys, Projection};
use ordermaster_domain::{InventoryEvent, Sku};
use serde::{Deserialize, Serialize};

/// The projection of `inventory_levels`: key is the article.
#[derive(Clone, Copy, Debug, Default)]
pub struct InventoryLevels;

/// The stock of an article, in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryLevelsRow {
    /// What is there, reserved pieces included.
    pub on_hand: u64,
    /// What is set aside, for all orders together.
    pub reserved: u64,
    /// What can be reserved.
    pub available: u64,
}

impl Projection for InventoryLevels {
    const NAME: &'static str = "inventory_levels";
    const VERSION: u32 = 1;
    type Event = InventoryEvent;
    type Key = Sku;
    type Row = InventoryLevelsRow;

    fn keys(&self, event: &Recorded<InventoryEvent>) -> Keys<Sku> {
        // A stream's id and an article's number keep the same rule.
        Sku::new(event.header.stream.id()).map_or_else(|_| Keys::none(), Keys::one)
    }

    fn apply(
        &self,
        _: &Sku,
        row: Option<InventoryLevelsRow>,
        event: &Recorded<InventoryEvent>,
    ) -> Option<InventoryLevelsRow> {
        let mut row = row.unwrap_or_default();
        match &event.event {
            InventoryEvent::Received { quantity } => {
                row.on_hand = row.on_hand.saturating_add((*quantity).into());
            }
            InventoryEvent::Reserved { quantity, .. } => {
                row.reserved = row.reserved.saturating_add((*quantity).into());
            }
            InventoryEvent::Released { quantity, .. } => {
                row.reserved = row.reserved.saturating_sub((*quantity).into());
            }
            InventoryEvent::Allocated { quantity, .. } => {
                row.reserved = row.reserved.saturating_sub((*quantity).into());
                row.on_hand = row.on_hand.saturating_sub((*quantity).into());
            }
            InventoryEvent::Adjusted { counted, .. } => row.on_hand = *counted,
        }
        row.available = row.on_hand.saturating_sub(row.reserved);
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::{InventoryLevels, InventoryLevelsRow};
    use crate::read_models::history::{self, fold};

    #[test]
    fn levels_follow_every_movement() {
        let rows = fold(InventoryLevels, history::stock("A"));
        // 10 received; 4 reserved, 1 of them released, 2 allocated; 7 counted.
        assert_eq!(rows[&"A".parse().unwrap()], InventoryLevelsRow { on_hand: 7, reserved: 1, available: 6 });
    }

    #[test]
    fn levels_agree_with_the_stock_after_every_event() {
        let events = history::stock("A");
        for length in 1..=events.len() {
            let rows = fold(InventoryLevels, events[..length].to_vec());
            let row = rows[&"A".parse().unwrap()];
            let stock = history::inventory_after(&events[..length]);
            assert_eq!(
                (row.on_hand, row.reserved, row.available),
                (stock.on_hand(), stock.reserved(), stock.available()),
                "after {length} events"
            );
        }
    }
}
