//! The command line: one file a noun, what they share in `session`, `execute`, `output`, `progress` and `arguments`.
//!
//! Results go to stdout, messages to stderr. Exit codes: 0 done, 1 refused, failed or stopped (the reason on one line),
//! 2 not understood. A reader that goes away (`| head`) and Ctrl-C while following end it quietly.

mod account;
mod arguments;
mod customer;
mod demo;
mod diff;
mod error;
mod events;
mod execute;
mod generate;
mod history;
mod import;
mod inventory;
mod order;
mod output;
mod payment;
mod progress;
mod sales;
mod session;
mod show;
mod store;
mod table;
mod usage;
mod views;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::stop::Stop;

pub use error::AppError;
pub use output::Output;
pub use progress::Busy;
pub use session::Session;

/// Orders, payments, inventory and accounts of a shop, kept as the events that happened.
///
/// Every command that changes something is decided by the domain and recorded as events in a store. Nothing is ever
/// overwritten: `show --at`, `history` and `diff` look at any moment of the past.
#[derive(Debug, Parser)]
#[command(name = "ordermaster", version, arg_required_else_help = true, after_long_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ordermaster order create --id o-1 --customer ada --address '1 High Street, London, United Kingdom' \\
      --currency GBP --tax-rate 0.2 --item 'TEA:2:4.50:Green tea' --item CUP:1:12.00
  ordermaster order confirm o-1 --method pm_card_1
  ordermaster order pay o-1 --payment p-1
  ordermaster show order-o-1                      as it is now
  ordermaster show order-o-1 --version 2          as it was after two events
  ordermaster show order-o-1 --at 2026-02-28      as it was when that day was over
  ordermaster history order-o-1                   every event, and what it changed
  ordermaster views show customer_orders --index customer=ada --newest-first
  ordermaster events --type OrderPaid --json | jq .payload

Streams are named order-ID, payment-ID, inventory-SKU and account-ID.
A TIME is RFC 3339 (2026-02-28T12:00:00Z), a day in UTC (2026-02-28), or `now`.
Exit codes: 0 done, 1 refused, failed or stopped, 2 not understood. Ctrl-C and SIGTERM let what is being recorded
finish; a second one ends the program at once, with 130 or 143.";

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct GlobalOptions {
    /// The store: `sqlite://FILE`, `memory:`, or any other that this build has
    #[arg(
        long,
        value_name = "URL",
        env = "ANNALS_STORE",
        // E04: a URL may hold a password.
        hide_env_values = true,
        default_value = Self::STORE,
        global = true,
        help_heading = "Global options"
    )]
    pub store: String,
    /// Print JSON: one document, or a line for each where there can be many
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Who does it, recorded with every event
    #[arg(long, value_name = "NAME", env = "ANNALS_ACTOR", global = true, help_heading = "Global options")]
    pub actor: Option<String>,
    /// The conversation that it belongs to, recorded with every event
    #[arg(long, value_name = "ID", global = true, help_heading = "Global options")]
    pub correlation: Option<String>,
    /// Whether this very command line names the store.
    #[arg(skip)]
    pub names_store: bool,
}

impl GlobalOptions {
    /// The store that is meant when none is named.
    pub(crate) const STORE: &str = "sqlite://ordermaster.db";
}

/// How long a command that was asked to stop may go on, to leave things as they should be.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Subcommand)]
enum Command {
    /// Create orders and move them along
    #[command(subcommand)]
    Order(order::OrderVerb),
    /// Request payments and record what the gateway says
    #[command(subcommand)]
    Payment(payment::PaymentVerb),
    /// Receive, reserve and count stock
    #[command(subcommand)]
    Inventory(inventory::InventoryVerb),
    /// Open accounts and move money
    #[command(subcommand)]
    Account(account::AccountVerb),
    /// Record a week of business, look at it through time, and prove it whole
    Demo(demo::Demo),
    /// Generate orders, payments, stock and accounts, to try things on
    Generate(generate::Generate),
    /// Record the invoices of a CSV file as orders
    Import(import::Import),
    /// What a customer ordered and spent
    #[command(subcommand)]
    Customer(customer::CustomerVerb),
    /// Sales by business day
    Sales(sales::Sales),
    /// The state of a stream, now or at any moment of its past
    Show(show::Show),
    /// Every event of a stream, and what it changed
    History(history::History),
    /// What differs between two moments of a stream
    Diff(diff::Diff),
    /// All events of the store, in the order in which they can be followed
    Events(events::Events),
    /// Read models: list, show, rebuild
    #[command(subcommand)]
    Views(views::ViewsVerb),
    /// The store itself: describe, check, back up, recover
    #[command(subcommand)]
    Store(store::StoreVerb),
}

impl Command {
    /// Whether the command may be the first one on a store, and make it.
    fn may_make_the_store(&self) -> bool {
        match self {
            Self::Order(verb) => verb.may_be_first(),
            Self::Payment(verb) => verb.may_be_first(),
            Self::Inventory(verb) => verb.may_be_first(),
            Self::Account(verb) => verb.may_be_first(),
            Self::Demo(_) | Self::Import(_) | Self::Generate(_) => true,
            _ => false,
        }
    }

    /// The command once more, when it is one decision about one aggregate, which the domain may refuse.
    fn as_decision(&self) -> Option<Self> {
        match self {
            Self::Order(verb) => Some(Self::Order(verb.clone())),
            Self::Payment(verb) => Some(Self::Payment(verb.clone())),
            Self::Inventory(verb) => Some(Self::Inventory(verb.clone())),
            Self::Account(verb) => Some(Self::Account(verb.clone())),
            _ => None,
        }
    }

    /// Whether it stops by itself when it is asked to, however long that takes.
    fn stops_by_itself(&self) -> bool {
        matches!(self, Self::Demo(_) | Self::Import(_) | Self::Generate(_) | Self::Events(_))
    }

    /// What can be found wrong before a store is opened, or even made.
    fn prepare(&mut self, options: &mut GlobalOptions) -> Result<(), AppError> {
        match self {
            Self::Import(import) => import.prepare(),
            Self::Demo(demo) => demo.prepare(options),
            Self::Views(verb) => verb.check(),
            _ => Ok(()),
        }
    }

    async fn run(self, session: &mut Session) -> Result<(), AppError> {
        match self {
            Self::Order(verb) => verb.run(session).await,
            Self::Payment(verb) => verb.run(session).await,
            Self::Inventory(verb) => verb.run(session).await,
            Self::Account(verb) => verb.run(session).await,
            Self::Demo(demo) => demo.run(session).await,
            Self::Generate(generate) => generate.run(session).await,
            Self::Import(import) => import.run(session).await,
            Self::Customer(verb) => verb.run(session).await,
            Self::Sales(sales) => sales.run(session).await,
            Self::Show(show) => show.run(session).await,
            Self::History(history) => history.run(session).await,
            Self::Diff(diff) => diff.run(session).await,
            Self::Events(events) => events.run(session).await,
            Self::Views(verb) => verb.run(session).await,
            Self::Store(verb) => verb.run(session).await,
        }
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match usage::parse::<Cli>() {
        Ok((mut cli, matches)) => {
            cli.global.names_store = usage::is_on_the_command_line(&matches, "store");
            cli
        }
        Err(code) => return code,
    };
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(source) => Err(AppError::Runtime { source }),
    };
    match done {
        Ok(()) | Err(AppError::OutputClosed) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {error}"));
            if matches!(error, AppError::Usage(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(cli: Cli) -> Result<(), AppError> {
    let Cli { mut global, mut command } = cli;
    let stop = Stop::on_signals();
    command.prepare(&mut global)?;
    if command.may_make_the_store()
        && session::missing_file(&global).is_some()
        && let Some(decision) = command.as_decision()
    {
        // What the domain refuses makes no store either.
        decision.run(&mut Session::rehearsal(&global).await?).await?;
    }
    let by_itself = command.stops_by_itself();
    let work = async {
        let mut session = Session::open(&global, command.may_make_the_store(), stop.clone()).await?;
        let done = command.run(&mut session).await;
        // Whoever comes next need not wait for what this process held.
        session.shop.store().adapter().inspect.close().await;
        done?;
        session.output.flush()
    };
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = stop.asked() => {}
    }
    if by_itself {
        return work.await;
    }
    tokio::time::timeout(GRACE, work).await.unwrap_or(Err(AppError::Interrupted))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, usage};

    #[test]
    fn the_command_line_is_consistent() {
        usage::taking_negative_numbers(Cli::command()).debug_assert();
    }
}
