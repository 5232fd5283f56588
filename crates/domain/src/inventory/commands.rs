//! What a stock can be asked to do, and what it answers.

use serde::{Deserialize, Serialize};

use super::events::InventoryEvent;
use super::rejection::InventoryRejection;
use super::state::Inventory;
use crate::values::{OrderId, Quantity, Reason};

/// What a stock can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum InventoryCommand {
    /// Take pieces in.
    Receive {
        /// How many.
        quantity: Quantity,
    },
    /// Set available pieces aside for an order, on top of those set aside for it before.
    Reserve {
        /// For which order.
        order: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// Make pieces that are set aside for an order available again.
    Release {
        /// For which order they are.
        order: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// Send away pieces that are set aside for an order.
    Allocate {
        /// With which order.
        order: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// Put the known number right after counting. The known number changes nothing.
    Adjust {
        /// How many are on hand, those set aside included; never fewer than are set aside.
        counted: u64,
        /// What explains the difference.
        reason: Reason,
    },
}

impl InventoryCommand {
    /// The command's name, as rejections give it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Receive { .. } => "receive",
            Self::Reserve { .. } => "reserve",
            Self::Release { .. } => "release",
            Self::Allocate { .. } => "allocate",
            Self::Adjust { .. } => "adjust",
        }
    }
}

pub(super) fn decide(
    stock: &Inventory,
    command: &InventoryCommand,
) -> Result<Vec<InventoryEvent>, InventoryRejection> {
    let event = match command {
        InventoryCommand::Receive { quantity } => {
            at_most_max(stock.on_hand().saturating_add((*quantity).into()))?;
            InventoryEvent::Received { quantity: *quantity }
        }
        InventoryCommand::Reserve { order, quantity } => {
            let (order, wanted, available) = (order.clone(), *quantity, stock.available());
            if u64::from(wanted) > available {
                return Err(InventoryRejection::NotEnough { order, wanted, available });
            }
            InventoryEvent::Reserved { order, quantity: wanted }
        }
        InventoryCommand::Release { order, quantity } => {
            check_reserved(stock, command.name(), order, *quantity)?;
            InventoryEvent::Released { order: order.clone(), quantity: *quantity }
        }
        InventoryCommand::Allocate { order, quantity } => {
            check_reserved(stock, command.name(), order, *quantity)?;
            InventoryEvent::Allocated { order: order.clone(), quantity: *quantity }
        }
        InventoryCommand::Adjust { counted, .. } if *counted == stock.on_hand() => return Ok(Vec::new()),
        InventoryCommand::Adjust { counted, reason } => {
            let (counted, reserved) = (*counted, stock.reserved());
            at_most_max(counted)?;
            if counted < reserved {
                return Err(InventoryRejection::BelowReserved { counted, reserved });
            }
            InventoryEvent::Adjusted { counted, reason: reason.clone() }
        }
    };
    Ok(vec![event])
}

fn at_most_max(would_be: u64) -> Result<(), InventoryRejection> {
    let most = Inventory::MAX;
    if would_be > most { Err(InventoryRejection::TooMany { most, would_be }) } else { Ok(()) }
}

fn check_reserved(
    stock: &Inventory,
    attempted: &'static str,
    order: &OrderId,
    wanted: Quantity,
) -> Result<(), InventoryRejection> {
    let reserved = stock.reserved_for(order);
    if u64::from(wanted) > reserved {
        return Err(InventoryRejection::NotReserved { attempted, order: order.clone(), wanted, reserved });
    }
    Ok(())
}
