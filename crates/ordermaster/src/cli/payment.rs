//! `ordermaster payment …`: request payments, and record what the gateway says.

use annals::Aggregate;
use clap::Subcommand;
use ordermaster_domain::{
    GatewayResponse, Money, OrderId, Payment, PaymentCommand, PaymentId, PaymentMethod, Reason, TransactionId,
};

use super::arguments::{Amount, new_id};
use super::execute::execute;
use super::{AppError, Session};

/// What can be done with payments.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum PaymentVerb {
    /// Ask for a payment; its id is drawn when none is given, and printed
    Request {
        /// The payment's id; drawn when not given
        #[arg(long)]
        id: Option<PaymentId>,
        /// For which order
        #[arg(long, value_name = "ID")]
        order: OrderId,
        /// How much, with its currency: "12.50 GBP"
        #[arg(long, allow_hyphen_values = true)]
        amount: Money,
        /// The payment gateway's token for the method; never a card number
        #[arg(long, value_name = "TOKEN")]
        method: PaymentMethod,
    },
    /// Record that the gateway took it
    Process {
        /// The payment
        id: PaymentId,
        /// The gateway's name for the transaction
        #[arg(long, value_name = "ID")]
        transaction: TransactionId,
        /// What the gateway answered
        #[arg(long, value_name = "TEXT", default_value = "")]
        response: GatewayResponse,
    },
    /// Record that the gateway refused it, or did not answer
    Fail {
        /// The payment
        id: PaymentId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
    },
    /// Give some of it back, or all
    Refund {
        /// The payment
        id: PaymentId,
        /// How much; what is left of it when not said
        #[arg(long, allow_hyphen_values = true)]
        amount: Option<Amount>,
    },
}

impl PaymentVerb {
    pub(super) fn may_be_first(&self) -> bool {
        matches!(self, Self::Request { .. })
    }

    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let payments = session.shop.payments().clone();
        let (id, command) = match self {
            Self::Request { id, order, amount, method } => {
                (id.map_or_else(new_id, Ok)?, PaymentCommand::Request { order, amount, method })
            }
            Self::Process { id, transaction, response } => {
                (id, PaymentCommand::Process { transaction_id: transaction, gateway_response: response })
            }
            Self::Fail { id, reason } => (id, PaymentCommand::Fail { reason }),
            Self::Refund { id, amount } => {
                let payment = payments.load(&id).await?.state;
                let not_there = || AppError::NotThere { what: Payment::CATEGORY, id: id.to_string() };
                let whole = payment.refundable().or_else(|| payment.amount()).ok_or_else(not_there)?;
                let amount = amount.map_or(Ok(whole), |amount| amount.in_currency(whole.currency()));
                (id, PaymentCommand::Refund { amount: amount.map_err(AppError::argument)? })
            }
        };
        execute(session, &payments, &id, &command).await
    }
}
