//! What decisions about a stock rest on, folded from its events. `evolve` trusts history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::events::InventoryEvent;
use crate::values::{OrderId, Quantity};

/// The stock of one article.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    on_hand: u64,
    reserved: BTreeMap<OrderId, u64>,
}

impl Inventory {
    /// The most pieces that a stock can hold: a trillion, so that every sum is exact in every store's numbers.
    pub const MAX: u64 = 1_000_000_000_000;

    /// How many pieces are there, reserved ones included.
    pub fn on_hand(&self) -> u64 {
        self.on_hand
    }

    /// How many pieces are set aside, for all orders together.
    pub fn reserved(&self) -> u64 {
        self.reserved.values().fold(0, |sum, pieces| sum.saturating_add(*pieces))
    }

    /// How many pieces are set aside for this order.
    pub fn reserved_for(&self, order: &OrderId) -> u64 {
        self.reserved.get(order).copied().unwrap_or(0)
    }

    /// How many pieces are set aside, by order.
    pub fn reservations(&self) -> impl Iterator<Item = (&OrderId, u64)> {
        self.reserved.iter().map(|(order, pieces)| (order, *pieces))
    }

    /// How many pieces can be reserved.
    pub fn available(&self) -> u64 {
        self.on_hand.saturating_sub(self.reserved())
    }

    pub(super) fn apply(&mut self, event: &InventoryEvent) {
        match event {
            InventoryEvent::Received { quantity } => {
                self.on_hand = self.on_hand.saturating_add((*quantity).into());
            }
            InventoryEvent::Reserved { order, quantity } => {
                let reserved = self.reserved.entry(order.clone()).or_default();
                *reserved = reserved.saturating_add((*quantity).into());
            }
            InventoryEvent::Released { order, quantity } => self.unreserve(order, *quantity),
            InventoryEvent::Allocated { order, quantity } => {
                self.unreserve(order, *quantity);
                self.on_hand = self.on_hand.saturating_sub((*quantity).into());
            }
            InventoryEvent::Adjusted { counted, .. } => self.on_hand = *counted,
        }
    }

    /// Orders with nothing left are forgotten, so that the state does not grow with history.
    fn unreserve(&mut self, order: &OrderId, quantity: Quantity) {
        let left = self.reserved_for(order).saturating_sub(quantity.into());
        if left == 0 {
            self.reserved.remove(order);
        } else {
            self.reserved.insert(order.clone(), left);
        }
    }
}
