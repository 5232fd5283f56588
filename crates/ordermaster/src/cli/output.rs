//! Where answers are written: the only place that knows JSON from tables, and a pipe that was closed from one that
//! was not.

use std::io::{BufWriter, Write};

use serde::Serialize;

use super::AppError;
use super::table;

/// Writes answers to stdout, as JSON or for people.
pub struct Output {
    json: bool,
    out: Box<dyn Write + Send>,
}

impl Output {
    /// Answers on stdout.
    pub fn stdout(json: bool) -> Self {
        Self { json, out: Box::new(BufWriter::new(std::io::stdout())) }
    }

    /// Answers that nobody reads.
    pub fn nowhere() -> Self {
        Self { json: false, out: Box::new(std::io::sink()) }
    }

    /// Whether answers are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One answer: a JSON document on one line, or the text for people, which may have several lines.
    ///
    /// # Errors
    /// When it cannot be written; [`AppError::OutputClosed`] when nobody reads it any more.
    pub fn document<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), AppError> {
        if self.json {
            let line = serde_json::to_string(value)?;
            writeln!(self.out, "{line}")?;
        } else {
            writeln!(self.out, "{}", text().trim_end())?;
        }
        Ok(())
    }

    /// Many answers of one kind: a JSON line each, or a table, which says so when there are none.
    ///
    /// # Errors
    /// When they cannot be written; [`AppError::OutputClosed`] when nobody reads them any more.
    pub fn rows<T: Serialize>(
        &mut self,
        heads: &[&str],
        rows: &[T],
        cells: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), AppError> {
        if self.json {
            for row in rows {
                self.document(row, String::new)?;
            }
            return Ok(());
        }
        if rows.is_empty() {
            writeln!(self.out, "(none)")?;
            return Ok(());
        }
        let text = table::of(heads, rows.iter().map(cells));
        writeln!(self.out, "{text}")?;
        Ok(())
    }

    /// Hands over what was written so far; for answers that come one by one.
    ///
    /// # Errors
    /// When it cannot be written; [`AppError::OutputClosed`] when nobody reads it any more.
    pub fn flush(&mut self) -> Result<(), AppError> {
        Ok(self.out.flush()?)
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("json", &self.json).finish_non_exhaustive()
    }
}

/// Tells the person at the terminal something that is no answer, on one line of stderr.
pub(crate) fn note(message: &str) {
    // When even stderr is closed, there is nobody to be told.
    let _ = writeln!(std::io::stderr(), "{}", table::plain(message));
}
