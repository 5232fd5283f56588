//! `ordermaster generate`: orders with their payments, stock and accounts, drawn from a seed.

use std::time::Instant;

use clap::Args;

use super::arguments::whole;
use super::table;
use super::{AppError, Busy, Session};
use crate::generate::{self, Business, GenerateReport};

/// Which business.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The same seed gives the same business. Running it again adds nothing, and goes on where an earlier run was stopped or killed.

Example:
  ordermaster generate --orders 10000 --seed 2026")]
pub(super) struct Generate {
    /// How many orders
    #[arg(long, default_value_t = 1_000, value_parser = whole)]
    orders: u64,
    /// What the business is drawn from
    #[arg(long, default_value_t = 2026, value_parser = whole)]
    seed: u64,
    /// Over how many days the orders are placed
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
}

impl Generate {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let business = Business { seed: self.seed, orders: self.orders, days: self.days };
        let began = Instant::now();
        let mut busy = Busy::new("generating");
        let mut on_progress = |done, all| busy.tick(Some((all, done)), || format!("{done} of {all} orders"));
        let report = generate::run(&session.shop, business, &session.stop, &mut on_progress).await?;
        drop(busy);
        let seconds = began.elapsed().as_secs_f64();
        session.output.document(&report, || in_words(&report, seconds))?;
        session.output.flush()?;
        if report.stopped { Err(AppError::Stopped { done: session.again(self.again()) }) } else { Ok(()) }
    }

    fn again(&self) -> String {
        format!("generate --orders {} --seed {} --days {}", self.orders, self.seed, self.days)
    }
}

fn in_words(report: &GenerateReport, seconds: f64) -> String {
    let mut rows = vec![
        vec!["orders".to_owned(), report.orders.to_string()],
        vec!["commands".to_owned(), report.commands.to_string()],
        vec!["commits already there".to_owned(), report.already_there.to_string()],
        vec!["events recorded".to_owned(), report.events.to_string()],
        vec!["seconds".to_owned(), format!("{seconds:.1}")],
        vec![
            "commands refused, as they should be".to_owned(),
            report.refused.values().sum::<u64>().to_string(),
        ],
    ];
    rows.extend(report.refused.iter().map(|(tried, times)| vec![format!("  {tried}"), times.to_string()]));
    table::of(&[], rows)
}
