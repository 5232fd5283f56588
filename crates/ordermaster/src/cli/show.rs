//! `ordermaster show`: the state of a stream, now or at any moment of its past.

use annals::{AsOf, StreamId};
use clap::Args;

use super::arguments::{Time, whole};
use super::table;
use super::{AppError, Session};

/// Which state.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ordermaster show order-o-1
  ordermaster show account-a-1 --at 2026-02-28T12:00:00Z
  ordermaster show inventory-TEA --version 3 --json")]
pub(super) struct Show {
    /// The stream: order-ID, payment-ID, inventory-SKU or account-ID
    stream: StreamId,
    /// As it was then; a day counts to its end
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// As it was after so many events
    #[arg(long, value_name = "N", conflicts_with = "at", value_parser = whole)]
    version: Option<u64>,
}

impl Show {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let as_of = match (self.version, self.at) {
            (Some(version), _) => AsOf::version(version),
            (None, Some(Time::Now) | None) => AsOf::Latest,
            (None, Some(time)) => AsOf::time(time.end_in_the_past()?),
        };
        let state = session.shop.state_at(&self.stream, as_of).await?;
        session.output.document(&state, || {
            let leaves = table::leaves(&state.state).into_iter().map(|(path, text)| vec![path, text]);
            let head =
                format!("{} at version {}, recorded at {}", state.stream, state.version, state.recorded_at);
            format!("{head}\n{}", table::of(&[], leaves))
        })
    }
}
