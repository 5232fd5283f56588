//! The settle fence: how far the feed may be read. Below it everything is visible or will never exist (law F01).
//!
//! A position is drawn before its transaction ends, so that one with a lower position may become visible later than
//! one with a higher. A round of the fence: `s` is the last position drawn; then, in a later statement, `h` are the
//! transactions that hold the lock of who inserts events; once none of `h` holds it any more, `s` is published as
//! settled. It is a proof and no time-out: an insert takes that lock before it draws a position, and its transaction
//! keeps it until it has become visible or was rolled back. So whoever drew a position up to `s` either held the lock
//! when `h` was read, and has let go of it since, or had let go of it before.
//!
//! After a crash, positions above the last one whose event lasted may be drawn again. That is no harm: what is
//! published reaches the disk after the sequence that it was read from, so that a position at or below what is
//! published after the crash is not among them; and a reader goes on from the last event that it saw, never from what
//! was published. That is also why a page reads what is published in its own statement: a value kept in memory over a
//! crash could lie above the sequence.

use std::time::Duration;

use crate::broken::Broken;
use crate::database::{Database, Transaction};
use crate::fault::Fault;
use crate::rows::{self, integer};
use crate::sql;

/// The first pause before it is asked whether a writer has ended; each later one is twice as long, up to the last.
const PAUSE: Duration = Duration::from_micros(500);
const PAUSE_MAX: Duration = Duration::from_millis(8);

/// The feed's marks as of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Everything at or below is settled.
    pub(crate) settled: i64,
    /// The last position drawn; 0 when none was.
    pub(crate) drawn: i64,
}

/// What became of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// Everything that was drawn when it began is settled.
    Done,
    /// Somebody else is at it.
    ElsewhereUnderWay,
}

/// Reads the feed's marks.
pub(crate) async fn marks(database: &Database) -> Result<Marks, Fault> {
    let found = database.rows(|| database.query(sql!("feed_state"))).await?;
    let row = found.first().ok_or_else(|| Fault::damaged("the feed's state is not there"))?;
    if rows::truth(row, 2)? {
        return Err(Fault::refused(
            "the server is a replica, which may lag behind what was answered; connect to the primary",
        ));
    }
    Ok(Marks { settled: integer(row, 0)?, drawn: integer(row, 1)? })
}

/// Runs a round, unless another process does. One in which the connection is lost is thrown away.
pub(crate) async fn round(database: &Database) -> Result<Round, Fault> {
    let mut turn = database.begin().await?;
    let schema = || database.options.schema.clone();
    let taken = turn.run(database.query(sql!("fence_turn")).bind(schema())).await?;
    if !taken.first().map(|row| rows::truth(row, 1)).transpose()?.unwrap_or(false) {
        turn.roll_back().await;
        return Ok(Round::ElsewhereUnderWay);
    }
    let drawn = turn.run(database.query(sql!("fence_drawn"))).await?;
    let drawn = drawn.first().ok_or_else(|| Fault::damaged("the sequence of positions is not there"))?;
    let drawn = integer(drawn, 0)?;
    // Only in a later statement: who is not seen here drew no position up to `drawn`, or has ended.
    let mut holding = writers(&mut turn, database).await?;
    let mut pause = PAUSE;
    while !holding.is_empty() && !database.options.lacks(Broken::Fence) {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
        let now = writers(&mut turn, database).await?;
        // One that is being prepared goes on under another name.
        holding.retain(|writer| now.contains(writer) || now.iter().any(|other| is_prepared(other)));
    }
    turn.run(database.query(sql!("fence_publish")).bind(drawn)).await?;
    turn.commit().await?;
    Ok(Round::Done)
}

/// The transactions that may be inserting events.
async fn writers(turn: &mut Transaction<'_>, database: &Database) -> Result<Vec<String>, Fault> {
    let query = database.query(sql!("fence_writers")).bind(database.options.schema.clone());
    let found = turn.run(query).await?;
    found.iter().map(|row| rows::text(row, 0).map(str::to_owned)).collect()
}

/// A prepared transaction has no backend, which its name says: `-1/…`.
fn is_prepared(writer: &str) -> bool {
    writer.starts_with('-')
}
