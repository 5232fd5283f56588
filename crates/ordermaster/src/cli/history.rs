//! `ordermaster history`: every event of a stream, and what it changed.

use annals::{Difference, StreamId};
use clap::Args;

use super::table;
use super::{AppError, Session};
use crate::queries::streams::HistoryEntry;

/// Which history.
#[derive(Debug, Args)]
pub(super) struct History {
    /// The stream: order-ID, payment-ID, inventory-SKU or account-ID
    stream: StreamId,
}

impl History {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        for entry in session.shop.history_of(&self.stream).await? {
            session.output.document(&entry, || in_words(&entry))?;
        }
        Ok(())
    }
}

fn in_words(entry: &HistoryEntry) -> String {
    let mut head = format!("v{}  {}  {}", entry.version, entry.recorded_at, entry.event);
    if let Some(actor) = &entry.actor {
        head = format!("{head}  by {}", table::plain(actor));
    }
    let mut lines = vec![head];
    if entry.payload.is_none() {
        lines.push("    (retired: it means nothing any more)".to_owned());
    }
    let changes = entry.differences.iter().flat_map(change);
    lines.extend(changes.map(|change| format!("    {}", table::plain(&change))));
    lines.join("\n")
}

fn change(difference: &Difference) -> Vec<String> {
    let path = &difference.path;
    match (&difference.before, &difference.after) {
        (Some(before), Some(after)) => {
            vec![format!("{path}: {} → {}", table::words(before), table::words(after))]
        }
        (Some(before), None) => vec![format!("{path}: {} → (none)", table::words(before))],
        (None, Some(after)) => {
            table::leaves_at(path, after).into_iter().map(|(path, text)| format!("{path}: {text}")).collect()
        }
        (None, None) => Vec::new(),
    }
}
