//! `ordermaster history`: every event of a stream, and what it changed.

use annals::{Difference, StreamId, Value};
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
    let changes: Vec<_> = entry.differences.iter().flat_map(change).collect();
    let besides = entry.payload.iter().flat_map(|payload| besides(payload, &entry.differences));
    lines.extend(
        changes.iter().chain(&besides.collect::<Vec<_>>()).map(|line| format!("    {}", table::plain(line))),
    );
    lines.join("\n")
}

/// What the event says and the state does not keep: reasons, carriers, methods.
fn besides(payload: &Value, differences: &[Difference]) -> Vec<String> {
    let kept: Vec<_> = differences
        .iter()
        .flat_map(|difference| difference.after.iter().chain(&difference.before))
        .flat_map(table::leaves)
        .map(|(_, text)| text)
        .collect();
    // The state has an amount together with its currency, the payload often apart.
    let is_kept = |text: &str| {
        kept.iter().any(|kept| kept == text || kept.split_once(' ').is_some_and(|(amount, _)| amount == text))
    };
    let said = table::leaves(payload).into_iter().filter(|(path, text)| {
        let is_currency = path.ends_with("currency") && kept.iter().any(|kept| kept.ends_with(text.as_str()));
        !path.is_empty() && !text.is_empty() && !is_currency && !is_kept(text)
    });
    said.map(|(path, text)| format!("{path}: {text}")).collect()
}

fn change(difference: &Difference) -> Vec<String> {
    let path = &difference.path;
    match (&difference.before, &difference.after) {
        (Some(before), Some(after)) => {
            vec![format!("{path}: {} → {}", table::words(before), table::words(after))]
        }
        (Some(before), None) => vec![format!("{path}: {} → (none)", table::words(before))],
        (None, Some(after)) => {
            let leaves = table::leaves_at(path, after).into_iter().filter(|(_, text)| !text.is_empty());
            leaves.map(|(path, text)| format!("{path}: {text}")).collect()
        }
        (None, None) => Vec::new(),
    }
}
