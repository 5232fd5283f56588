//! `ordermaster import`: invoices from a CSV file, recorded as orders.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::at_least_one;
use super::table;
use super::{AppError, Busy, Session};
use crate::demo::quoted;
use crate::import::plan::Plan;
use crate::import::{self, Carried, ImportOptions, ImportReport};

/// Which file.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
The first line must name these columns, in any order: InvoiceNo, StockCode, Description, Quantity, InvoiceDate,
UnitPrice, CustomerID, Country. Amounts are pounds without tax, times are UTC.

An invoice becomes a delivered order of the same number, with its payment; without a customer it is a guest's. An
invoice with a C before its number gives back: each of its lines is a return from its customer's latest order that has
enough left. A line that is neither is refused and counted; nothing is guessed. An invoice's line is a line of the file:
a field in quotation marks may hold commas, but no line end.

Running it again adds nothing, and goes on where an earlier run was stopped, by Ctrl-C for example. An invoice that an
earlier run recorded with another content is counted as changed, and stays as it was recorded.

Example:
  ordermaster import online-retail.csv")]
pub(super) struct Import {
    /// The CSV file
    csv: PathBuf,
    /// What the file comes to, once it is read.
    #[arg(skip)]
    plan: Plan,
    /// How many orders are worked on at once
    #[arg(long, value_name = "ORDERS", default_value_t = ImportOptions::default().at_once, value_parser = at_least_one)]
    at_once: usize,
}

impl Import {
    /// Reads the file, so that one which holds no invoices makes no store.
    pub(super) fn prepare(&mut self) -> Result<(), AppError> {
        self.plan = read(&self.csv)?;
        Ok(())
    }

    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let name = self.csv.display().to_string();
        let report = carry_out(session, &name, self.plan, self.at_once).await?;
        session.output.document(&report, || in_words(&report))?;
        session.output.flush()?;
        if report.stopped {
            Err(AppError::Stopped { done: session.again(format_args!("import {}", quoted(&name))) })
        } else {
            Ok(())
        }
    }
}

/// The plan of a file.
pub(super) fn read(csv: &Path) -> Result<Plan, AppError> {
    let name = csv.display().to_string();
    let file = File::open(csv).map_err(|source| AppError::File { name: name.clone(), source })?;
    import::plan_file(file).map_err(|source| AppError::Import { name, source: Box::new(source) })
}

/// Carries a file's plan out.
pub(super) async fn carry_out(
    session: &Session,
    name: &str,
    plan: Plan,
    at_once: usize,
) -> Result<ImportReport, AppError> {
    let mut busy = Busy::new(format!("importing {name}"));
    let mut on_progress = |done, all| busy.tick(Some((all, done)), || format!("{done} of {all} orders"));
    let options = ImportOptions { at_once };
    import::carry_out(&session.shop, plan, &options, &session.stop, &mut on_progress)
        .await
        .map_err(|source| AppError::Import { name: name.to_owned(), source: Box::new(source) })
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
    let sometimes = [
        ("changed since an earlier import", carried.changed),
        ("refused by the shop", carried.refused),
        ("not yet", carried.left),
    ];
    let told = always.into_iter().chain(sometimes.into_iter().filter(|(_, number)| *number > 0));
    told.map(|(how, number)| vec![format!("{what} {how}"), number.to_string(), String::new()]).collect()
}
