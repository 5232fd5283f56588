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

use std::time::{Duration, Instant};

use sqlx::postgres::PgRow;

use crate::broken::Broken;
use crate::database::{Database, Run as _, Transaction};
use crate::fault::Fault;
use crate::rows::{self, integer};
use crate::sql;

/// The first pause before it is asked whether a writer has ended, unless that is likely to take longer; each later one is
/// so much longer, up to the last. Each time costs the writers a little.
const PAUSE: Duration = Duration::from_micros(500);
const PAUSE_GROWTH: f64 = 1.5;
const PAUSE_MAX: Duration = Duration::from_millis(8);
const FIRST_OF_LIKELY: f64 = 0.6;
const NEXT_OF_LIKELY: f64 = 0.25;

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
    /// Everything that was drawn when it began is settled, after writers were waited for so long.
    Done { marks: Marks, waited: Duration },
    /// Somebody else is at it; the marks are as they were found.
    ElsewhereUnderWay(Marks),
}

/// Reads the feed's marks.
pub(crate) async fn marks(database: &Database) -> Result<Marks, Fault> {
    let found = database.rows(|| database.query(sql!("feed_state"))).await?;
    let row = found.first().ok_or_else(|| Fault::damaged("the feed's state is not there"))?;
    if rows::truth(row, 2)? {
        return Err(Fault::replica());
    }
    Ok(Marks { settled: integer(row, 0)?, drawn: integer(row, 1)? })
}

/// Reads the last position drawn, and nothing else.
pub(crate) async fn drawn(database: &Database) -> Result<i64, Fault> {
    let found = database.rows(|| database.query(sql!("fence_drawn"))).await?;
    integer(found.first().ok_or_else(|| Fault::damaged("the sequence of positions is not there"))?, 0)
}

/// Runs a round, unless another process does, in which writers are likely to be waited for so long. One in which the
/// connection is lost is thrown away. It takes three round trips, and one for each time that writers are asked for again.
pub(crate) async fn round(database: &Database, likely: Duration) -> Result<Round, Fault> {
    // Whose turn it is and what is drawn may be read at once: the turn saves work, and no proof rests on it.
    let (mut turn, found) = database.begin_with(sql!("fence_turn")).await?;
    let (is_taken, found) = turn_and_marks(&found)?;
    if !is_taken || found.settled >= found.drawn {
        turn.roll_back().await;
        let done = Round::Done { marks: found, waited: Duration::ZERO };
        return Ok(if is_taken { done } else { Round::ElsewhereUnderWay(found) });
    }
    // Only in a later statement: who is not seen here drew no position up to `drawn`, or has ended.
    let mut holding = writers(&mut turn, database).await?;
    let asked = Instant::now();
    let mut pause = likely.mul_f64(FIRST_OF_LIKELY).clamp(PAUSE, PAUSE_MAX);
    let mut next_pause = likely.mul_f64(NEXT_OF_LIKELY).clamp(PAUSE, PAUSE_MAX);
    while !holding.is_empty() && !database.options.lacks(Broken::Fence) {
        tokio::time::sleep(pause).await;
        pause = next_pause;
        next_pause = pause.mul_f64(PAUSE_GROWTH).min(PAUSE_MAX);
        let now = writers(&mut turn, database).await?;
        // One that is being prepared goes on under another name.
        holding.retain(|writer| now.contains(writer) || now.iter().any(|other| is_prepared(other)));
    }
    let waited = asked.elapsed();
    // What a round publishes need not wait for the disk: after a crash it is found again.
    let publish = database.text(sql!("fence_publish")).as_str().replace("$1", &found.drawn.to_string());
    turn.commit_with(&format!("SET LOCAL synchronous_commit = off; {publish}")).await?;
    Ok(Round::Done { marks: Marks { settled: found.drawn, drawn: found.drawn }, waited })
}

/// Whether it is our turn, and the marks, in an answer that came as text.
fn turn_and_marks(found: &[PgRow]) -> Result<(bool, Marks), Fault> {
    let row = found.first().ok_or_else(|| Fault::damaged("the sequence of positions is not there"))?;
    let number = |column| {
        let number = rows::text(row, column)?.parse::<i64>();
        number.map_err(|error| Fault::damaged(format!("column {column}: {error}")))
    };
    Ok((rows::text(row, 0)? == "t", Marks { settled: number(1)?, drawn: number(2)? }))
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
