//! `ordermaster import`: invoices from a CSV file, recorded as orders.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;

use super::table;
use super::{AppError, Busy, Session};
use crate::import::{self, Carried, ImportOptions, ImportReport};
use crate::stop::Stop;

/// Which file.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The first line must name these columns, in any order: InvoiceNo, StockCode, Description, Quantity, InvoiceDate,
UnitPrice, CustomerID, Country. Amounts are pounds without tax, times are UTC.

An invoice becomes a delivered order of the same number, with its payment; without a customer it is a guest's. An
invoice with a C before its number gives back: each of its lines is a return from its customer's latest order that has
enough left. A line that is neither is refused and counted; nothing is guessed.

Running it again adds nothing, and goes on where an earlier run was stopped.

Example:
  ordermaster import online-retail.csv")]
pub(super) struct Import {
    /// The CSV file
    csv: PathBuf,
    /// How many orders are worked on at once
    #[arg(long, value_name = "ORDERS", default_value_t = ImportOptions::default().at_once)]
    at_once: usize,
}

impl Import {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let name = self.csv.display().to_string();
        let file = File::open(&self.csv).map_err(|source| AppError::File { name: name.clone(), source })?;
        let (options, stop) = (ImportOptions { at_once: self.at_once }, Stop::on_ctrl_c());
        let mut busy = Busy::new(format!("importing {name}"));
        let mut on_progress = |done, all| busy.tick(Some((all, done)), || format!("{done} of {all} orders"));
        let report = import::run(&session.shop, file, &options, &stop, &mut on_progress).await?;
        drop(busy);
        session.output.document(&report, || in_words(&report))?;
        if report.stopped { Err(AppError::Stopped { done: format!("import {name}") }) } else { Ok(()) }
    }
}

/// The report for people.
pub(super) fn in_words(report: &ImportReport) -> String {
    let mut rows = vec![
        vec!["lines read".to_owned(), report.lines.to_string(), String::new()],
        vec!["lines accepted".to_owned(), report.accepted.to_string(), String::new()],
        vec!["lines refused".to_owned(), report.refused.total().to_string(), String::new()],
    ];
    for refused in report.refused.iter() {
        let example = format!("such as line {}", refused.example);
        rows.push(vec![format!("  {}", refused.reason.text()), refused.lines.to_string(), example]);
    }
    rows.extend([("orders", report.orders), ("returns", report.returns)].into_iter().flat_map(carried));
    rows.push(vec!["events recorded".to_owned(), report.events.to_string(), String::new()]);
    table::of(&[], rows)
}

fn carried((what, carried): (&str, Carried)) -> Vec<Vec<String>> {
    let always = [("created", carried.new), ("already there", carried.already_there)];
    let sometimes = [("refused by the shop", carried.refused), ("not yet", carried.left)];
    let told = always.into_iter().chain(sometimes.into_iter().filter(|(_, number)| *number > 0));
    told.map(|(how, number)| vec![format!("{what} {how}"), number.to_string(), String::new()]).collect()
}
