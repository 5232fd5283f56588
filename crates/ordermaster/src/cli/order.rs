//! `ordermaster order …`: create orders and move them along.

use std::cmp::Reverse;

use annals::Aggregate;
use annals::ports::{IndexValue, RowQuery};
use annals::projection::Projection;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use ordermaster_domain::{
    Address, Carrier, Currency, CustomerId, LineNumber, NewOrder, Order, OrderCommand, OrderId, OrderPhase,
    PaymentId, PaymentMethod, PlacedOrder, Reason, TaxRate, Tracking, TrackingNumber,
};

use super::arguments::{Amount, ItemArgument, ReturnedArgument, Time, new_id, status};
use super::execute::execute;
use super::views::{ListOptions, first_rows, list, print};
use super::{AppError, Session};
use crate::read_models::OrderSummary;
use crate::views::ViewRow;

/// What can be done with orders.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum OrderVerb {
    /// Create an order; its id is drawn when none is given, and printed
    #[command(after_long_help = "\
Example:
  ordermaster order create --id o-1 --customer ada --currency GBP --tax-rate 0.2 \\
      --address '1 High Street, London, United Kingdom' \\
      --item 'TEA:2:4.50:Green tea' --item CUP:1:12.00")]
    Create(Create),
    /// Add an item, while the order is only created
    AddItem {
        /// The order
        id: OrderId,
        /// The item, as SKU:QUANTITY:PRICE[:DESCRIPTION]; priced in the order's currency
        #[arg(long, value_name = "ITEM", allow_hyphen_values = true)]
        item: ItemArgument,
    },
    /// Remove a line, while the order is only created; `show` tells the lines' numbers
    RemoveItem {
        /// The order
        id: OrderId,
        /// The line's number
        #[arg(long, value_name = "NUMBER")]
        line: LineNumber,
    },
    /// Confirm it: from then on its items are fixed
    Confirm {
        /// The order
        id: OrderId,
        /// The payment gateway's token for how it will be paid; never a card number
        #[arg(long, value_name = "TOKEN")]
        method: PaymentMethod,
    },
    /// Record that it was paid
    Pay {
        /// The order
        id: OrderId,
        /// The payment
        #[arg(long, value_name = "ID")]
        payment: PaymentId,
        /// How much was paid; the order's total when not said
        #[arg(long, allow_hyphen_values = true)]
        amount: Option<Amount>,
    },
    /// Record that it was handed to a carrier
    Ship {
        /// The order
        id: OrderId,
        /// Who carries it
        #[arg(long, value_name = "NAME")]
        carrier: Carrier,
        /// The carrier's tracking number
        #[arg(long, value_name = "NUMBER")]
        tracking: TrackingNumber,
    },
    /// Record that the customer received it
    Deliver {
        /// The order
        id: OrderId,
    },
    /// Call it off, before it is shipped
    Cancel {
        /// The order
        id: OrderId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
        /// What the customer gets back; all that was paid when not said
        #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
        refund: Option<Amount>,
    },
    /// Take back some of it, or all, after it was delivered
    Return {
        /// The order
        id: OrderId,
        /// What came back, as SKU:QUANTITY; may be given again
        #[arg(long = "item", value_name = "ITEM", required = true)]
        items: Vec<ReturnedArgument>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
        /// What the customer gets back
        #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
        refund: Amount,
    },
    /// Put a wrong tax right; what is then owed or refundable is recorded
    CorrectTax {
        /// The order
        id: OrderId,
        /// The right tax
        #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
        tax: Amount,
        /// What was wrong
        #[arg(long, value_name = "TEXT")]
        reason: Reason,
    },
    /// List orders, from the read model `order_summary`
    List {
        /// Only those that have come so far
        #[arg(long, value_parser = statuses())]
        status: Option<OrderPhase>,
        #[command(flatten)]
        options: ListOptions,
    },
}

/// An order to create.
#[derive(Clone, Debug, Args)]
pub(super) struct Create {
    /// The order's id; drawn when not given
    #[arg(long)]
    id: Option<OrderId>,
    /// Who orders
    #[arg(long, value_name = "ID")]
    customer: CustomerId,
    /// An item, as SKU:QUANTITY:PRICE[:DESCRIPTION]; may be given again
    #[arg(long = "item", value_name = "ITEM", required = true)]
    items: Vec<ItemArgument>,
    /// The currency of prices that name none
    #[arg(long, default_value = "USD")]
    currency: Currency,
    /// The tax rate as a fraction: 0.2 is 20 %
    #[arg(long, value_name = "FRACTION", default_value = "0")]
    tax_rate: TaxRate,
    /// Where to, divided by commas, the country last
    #[arg(long)]
    address: Address,
    /// When it was placed, in business time; now when not given
    #[arg(long, value_name = "TIME")]
    placed_at: Option<Time>,
}

impl Create {
    fn command(&self) -> Result<OrderCommand, AppError> {
        let items = self.items.iter().map(|item| item.in_currency(self.currency)).collect::<Result<_, _>>();
        Ok(OrderCommand::Create(NewOrder {
            customer: self.customer.clone(),
            placed_at: self.placed_at.map(Time::begin),
            items: items.map_err(AppError::argument)?,
            tax_rate: self.tax_rate,
            shipping_address: self.address.clone(),
        }))
    }
}

impl OrderVerb {
    pub(super) fn may_be_first(&self) -> bool {
        matches!(self, Self::Create(_))
    }

    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let (id, command) = match self {
            Self::Create(create) => {
                let command = create.command()?;
                (create.id.map_or_else(new_id, Ok)?, command)
            }
            Self::AddItem { id, item } => {
                let currency = placed(session, &id).await?.total.currency();
                (id, OrderCommand::AddItem(item.in_currency(currency).map_err(AppError::argument)?))
            }
            Self::RemoveItem { id, line } => (id, OrderCommand::RemoveItem { line }),
            Self::Confirm { id, method } => (id, OrderCommand::Confirm { payment_method: method }),
            Self::Pay { id, payment, amount } => {
                let total = placed(session, &id).await?.total;
                let amount = amount.map_or(Ok(total), |amount| amount.in_currency(total.currency()));
                (id, OrderCommand::MarkPaid { payment, amount: amount.map_err(AppError::argument)? })
            }
            Self::Ship { id, carrier, tracking } => {
                (id, OrderCommand::Ship(Tracking { carrier, tracking_number: tracking }))
            }
            Self::Deliver { id } => (id, OrderCommand::Deliver),
            Self::Cancel { id, reason, refund: None } => (id, OrderCommand::Cancel { reason, refund: None }),
            Self::Cancel { id, reason, refund: Some(refund) } => {
                let refund = refund.in_currency(placed(session, &id).await?.total.currency());
                (id, OrderCommand::Cancel { reason, refund: Some(refund.map_err(AppError::argument)?) })
            }
            Self::Return { id, items, reason, refund } => {
                let refund = refund.in_currency(placed(session, &id).await?.total.currency());
                let items = items.into_iter().map(|item| item.0).collect();
                (id, OrderCommand::Return { items, reason, refund: refund.map_err(AppError::argument)? })
            }
            Self::CorrectTax { id, tax, reason } => {
                let tax = tax.in_currency(placed(session, &id).await?.total.currency());
                (id, OrderCommand::CorrectTax { tax: tax.map_err(AppError::argument)?, reason })
            }
            Self::List { status, options } => return list_orders(session, status, options).await,
        };
        let orders = session.shop.orders().clone();
        execute(session, &orders, &id, &command).await
    }
}

fn statuses() -> impl TypedValueParser<Value = OrderPhase> {
    let names =
        OrderPhase::ALL.into_iter().filter(|phase| *phase != OrderPhase::Absent).map(OrderPhase::name);
    PossibleValuesParser::new(names.collect::<Vec<_>>()).try_map(|name| status(&name))
}

async fn list_orders(
    session: &mut Session,
    status: Option<OrderPhase>,
    options: ListOptions,
) -> Result<(), AppError> {
    let of = |status: OrderPhase| RowQuery::index("status", IndexValue::of([status.name()]));
    match status {
        Some(status) => return list(session, OrderSummary::NAME, of(status), options).await,
        None if !options.newest_first => {
            return list(session, OrderSummary::NAME, RowQuery::all(), options).await;
        }
        None => {}
    }
    let model = session.view_named(OrderSummary::NAME)?;
    session.bring_up_to_date(model.runner()).await?;
    let (mut rows, most) = (Vec::new(), options.limit.saturating_add(1));
    // The index by status keeps each status's orders as they were placed: the newest of all are among the newest of each.
    for status in OrderPhase::ALL {
        rows.extend(first_rows(model.as_ref(), of(status).backward(), most).await?);
    }
    let placed_at = |row: &ViewRow| row.row.text("placed_at").unwrap_or_default().to_owned();
    rows.sort_by_cached_key(|row| Reverse((placed_at(row), row.key.clone())));
    rows.truncate(most);
    print(session, rows, options)
}

/// The order as it stands, for what a command leaves unsaid: its currency, its total.
async fn placed(session: &Session, id: &OrderId) -> Result<PlacedOrder, AppError> {
    match session.shop.orders().load(id).await?.state {
        Order::Placed(order) => Ok(*order),
        Order::Absent => Err(AppError::NotThere { what: Order::CATEGORY, id: id.to_string() }),
    }
}
