//! `ordermaster inventory …`: receive, reserve and count stock.

use clap::Subcommand;
use ordermaster_domain::{InventoryCommand, OrderId, Quantity, Reason, Sku};

use super::arguments::whole;
use super::execute::execute;
use super::{AppError, Session};

/// What can be done with stock.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum InventoryVerb {
    /// Take pieces in
    Receive {
        /// The article
        sku: Sku,
        /// How many pieces
        #[arg(long, value_name = "PIECES")]
        quantity: Quantity,
    },
    /// Set available pieces aside for an order
    Reserve {
        /// The article
        sku: Sku,
        /// For which order
        #[arg(long, value_name = "ID")]
        order: OrderId,
        /// How many pieces
        #[arg(long, value_name = "PIECES")]
        quantity: Quantity,
    },
    /// Make pieces that are set aside for an order available again
    Release {
        /// The article
        sku: Sku,
        /// For which order they are
        #[arg(long, value_name = "ID")]
        order: OrderId,
        /// How many pieces
        #[arg(long, value_name = "PIECES")]
        quantity: Quantity,
    },
    /// Send away pieces that are set aside for an order
    Allocate {
        /// The article
        sku: Sku,
        /// With which order
        #[arg(long, value_name = "ID")]
        order: OrderId,
        /// How many pieces
        #[arg(long, value_name = "PIECES")]
        quantity: Quantity,
    },
    /// Put the known number right after counting
    Adjust {
        /// The article
        sku: Sku,
        /// How many are on hand, those set aside included
        #[arg(long, value_name = "PIECES", value_parser = whole)]
        counted: u64,
        /// What explains the difference
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
    },
}

impl InventoryVerb {
    pub(super) fn may_be_first(&self) -> bool {
        matches!(self, Self::Receive { .. } | Self::Adjust { .. })
    }

    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let (sku, command) = match self {
            Self::Receive { sku, quantity } => (sku, InventoryCommand::Receive { quantity }),
            Self::Reserve { sku, order, quantity } => (sku, InventoryCommand::Reserve { order, quantity }),
            Self::Release { sku, order, quantity } => (sku, InventoryCommand::Release { order, quantity }),
            Self::Allocate { sku, order, quantity } => (sku, InventoryCommand::Allocate { order, quantity }),
            Self::Adjust { sku, counted, reason } => (sku, InventoryCommand::Adjust { counted, reason }),
        };
        let inventory = session.shop.inventory().clone();
        execute(session, &inventory, &sku, &command).await
    }
}
