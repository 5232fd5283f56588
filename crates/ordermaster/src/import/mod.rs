//! Importing invoices from CSV files, in the columns of the UCI "Online Retail" data set: real data, as dirty as it
//! comes.
//!
//! * [`line`](mod@line) reads one line, or says why not: [`Refusal`] lists every reason;
//! * [`plan`](mod@plan) makes orders and returns of all lines, without looking at a store;
//! * [`plan_file`] reads a file into a plan;
//! * [`carry_out`] carries a plan out, once, however often it is begun.
//!
//! Every line read is accepted, or counted under one reason.

mod file;
pub mod line;
pub mod plan;
mod refusal;
mod report;
mod run;

use std::io::Read;

use annals::{LoadError, UnitError};
use ordermaster_domain::OrderId;

pub use file::plan as plan_file;
pub use refusal::{Refusal, Refusals, RefusedLines};
pub use report::{Carried, ImportReport};
pub use run::carry_out;

use crate::app::OrderMaster;
use crate::stop::Stop;

/// How an import works.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions {
    /// How many orders are worked on at once; at least 1.
    pub at_once: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { at_once: 64 }
    }
}

const COLUMNS_TEXT: &str =
    "InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID and Country";

/// Why an import ended early. Whatever was recorded stays; run again, it goes on where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is nothing in the file.
    #[error("the file is empty: name a CSV file of invoices, whose first line names {COLUMNS_TEXT}")]
    Empty,
    /// The file is something else.
    #[error(
        "this is no CSV file of invoices: its first line must name {COLUMNS_TEXT}, divided by commas, in UTF-8"
    )]
    NoInvoices,
    /// The file has some of the columns, and not others.
    #[error("the file has no column {missing}: its first line must name {COLUMNS_TEXT}")]
    MissingColumns {
        /// The columns that it does not have.
        missing: String,
    },
    /// The file could not be read.
    #[error("the file could not be read: {0}; name a CSV file of invoices")]
    Read(#[from] std::io::Error),
    /// A text of the import's own is not one that the domain takes.
    #[error("an imported order cannot be described: {0}")]
    Term(String),
    /// The store failed.
    #[error("order {order} could not be recorded; run the import again, it goes on where it was: {source}")]
    Commit {
        /// The order.
        order: OrderId,
        /// Why not.
        source: Box<UnitError>,
    },
    /// What an earlier import recorded could not be read.
    #[error("order {order}, imported earlier, could not be read: {source}")]
    Recorded {
        /// The order.
        order: OrderId,
        /// Why not.
        source: LoadError,
    },
}

/// Imports a file; `on_progress` is told how many of its orders are done, and of how many.
///
/// # Errors
/// When the file is not one of invoices, or the store fails.
pub async fn run(
    shop: &OrderMaster,
    reader: impl Read,
    options: &ImportOptions,
    stop: &Stop,
    on_progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<ImportReport, ImportError> {
    carry_out(shop, plan_file(reader)?, options, stop, on_progress).await
}
