//! A commit of one event that has a lane to itself: a statement that is quicker than the one for many, and that says
//! only whether it is recorded. Why not is then asked of the other.

use annals_core::{RecordedEvent, StreamHead};
use sqlx::postgres::PgConnection;
use tokio::time::timeout;

use crate::batch::{Proposal, Verdict, mixed_up, propose, small, version_of};
use crate::database::{Database, alone};
use crate::fault::Fault;
use crate::rows::{self, Stamp, number, uuid};
use crate::sql;

/// Has the server judge a proposal by itself.
pub(crate) async fn propose_one(
    connection: &mut PgConnection,
    database: &Database,
    proposal: &Proposal,
) -> Result<Verdict, Fault> {
    if let Some((head, event)) = proposal.only_event() {
        let recording = record(connection, database, proposal, head, event);
        let recorded = timeout(database.options.timeout, recording).await;
        if recorded.unwrap_or_else(|_| Err(Fault::no_answer()))? {
            database.committed.send_modify(|count| *count += 1);
            return Ok(Verdict::Recorded);
        }
    }
    let mut verdicts = propose(connection, database, &[proposal]).await?;
    verdicts.pop().ok_or_else(|| Fault::damaged("no verdict on a commit"))
}

/// Has the server record the event, if the proposal holds.
async fn record(
    connection: &mut PgConnection,
    database: &Database,
    proposal: &Proposal,
    head: Option<&StreamHead>,
    event: &RecordedEvent,
) -> Result<bool, Fault> {
    let header = &event.header;
    let query = database.query(sql!("commit_one")).bind(proposal.clock.map(Stamp));
    let query = query.bind(version_of(head)).bind(head.map(|head| head.digest.as_bytes().as_slice()));
    let query = query.bind(header.stream.as_str()).bind(number(header.version.get()));
    let query = query.bind(uuid(header.id.as_bytes())).bind(header.event_type.as_str());
    let query = query.bind(small(header.schema_version)).bind(uuid(header.commit.id.as_bytes()));
    let query = query.bind(small(header.commit.index)).bind(small(header.commit.size));
    let query = query.bind(Stamp(header.recorded_at)).bind(header.digest.as_bytes().as_slice());
    let query = query.bind(header.metadata.as_str()).bind(event.payload.as_str());
    match alone(connection, query, &database.options).await?.as_slice() {
        [] => Ok(false),
        [row] if rows::bytes(row, 0)? == *header.id.as_bytes() => Ok(true),
        _ => Err(mixed_up()),
    }
}
