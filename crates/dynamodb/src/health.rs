//! What a person should look at: a feed that lags or that nobody keeps, history that was changed, clocks that are wrong.

use std::time::Duration;

use crate::fault::Fault;
use crate::indexer::LEASE;
use crate::item::{self, Attributes, Item};
use crate::keeper_state::KeeperState;
use crate::read::Freshness;
use crate::tables::Table;
use crate::tail::{Keeping, Tail};

/// For so long stamps that were far off are told of.
const TOLD_FOR: Duration = Duration::from_hours(24);

/// A feed that is so far behind is told of. Ordinarily it is some hundreds of milliseconds.
const LAGS: Duration = Duration::from_secs(10);

/// The warnings, of which there are none as a rule; `behind` tells why the end of the feed could not be reached.
pub(crate) async fn warnings(tail: &Tail, behind: Option<Fault>) -> Result<Vec<String>, Fault> {
    let database = tail.database();
    let mut warnings = Vec::new();
    let lag = tail.lag();
    if let Some(fault) = behind {
        warnings.push(format!("the feed lags: {fault} ({lag})"));
    } else if lag.age > LAGS {
        warnings.push(format!("the feed lags: {lag}; it is being read, and comes later than usual"));
    }
    if let Keeping::Failing(fault) = tail.keeping() {
        warnings.push(format!("this process cannot keep the feed: {fault}"));
    }
    let now = database.now();
    let lasts = database.options.lease;
    let key = Item::from([("Part".to_owned(), item::text("$lease")), ("Sort".to_owned(), item::text(LEASE))]);
    let lease = database.get(Table::Views, &key, Freshness::Consistent).await?.unwrap_or_default();
    match (lease.maybe_text("Owner"), lease.maybe_instant("Until")?) {
        // It was renewed a lease before that.
        (Some(owner), Some(until)) if now.since(until) >= lasts * 2 => warnings.push(format!(
            "{owner} was to keep the feed, and has not reported for {:?}; nobody took over, so nothing new comes",
            now.since(until) + lasts
        )),
        (Some(_), Some(_)) => {}
        _ => warnings.push("nobody keeps the feed, so nothing new comes; run a process with indexer=on".to_owned()),
    }
    let Some(state) = KeeperState::load(database).await? else { return Ok(warnings) };
    let alarms = state.alarms;
    if alarms.count > 0 {
        let told = alarms.changes.join("; ");
        warnings.push(format!(
            "history was changed {} times: {told}; check the store, restore what was changed, then recover it",
            alarms.count
        ));
    }
    if let Some((late, at)) = alarms.late.filter(|(_, at)| now.since(*at) < TOLD_FOR) {
        warnings.push(format!(
            "{} events came with stamps more than 10 s off, the last at {at}: {late}; set the clocks",
            alarms.late_count
        ));
    }
    Ok(warnings)
}
