//! `ordermaster diff`: what differs between two moments of a stream.

use annals::StreamId;
use clap::Args;

use super::arguments::Moment;
use super::table;
use super::{AppError, Session};

/// Which stream, between which moments.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ordermaster diff order-o-1 --from v1 --to v4
  ordermaster diff account-a-1 --from 2026-02-01 --to 2026-02-28   all of February")]
pub(super) struct Diff {
    /// The stream: order-ID, payment-ID, inventory-SKU or account-ID
    stream: StreamId,
    /// From this version (v3) or time; a day counts from its beginning
    #[arg(long, value_name = "MOMENT")]
    from: Moment,
    /// To this version or time; a day counts to its end
    #[arg(long, value_name = "MOMENT", default_value = "now")]
    to: Moment,
}

impl Diff {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let (from, to) = (self.from.at_begin()?, self.to.at_end()?);
        let differences = session.shop.difference_in(&self.stream, from, to).await?;
        session.output.rows(&["place", "before", "after"], &differences, |difference| {
            let words =
                |value: Option<&annals::Value>| value.map_or_else(|| "(none)".to_owned(), table::words);
            vec![difference.path.clone(), words(difference.before.as_ref()), words(difference.after.as_ref())]
        })
    }
}
