//! Reads of streams that wait at the same moment share a statement, as commits do: most of what a short read costs, here
//! and at the server, is the statement.
//!
//! Nobody waits for others to come: a read is sent at once while fewer than [`LANES`] are under way. A read that shares
//! its statement gets at most [`TOGETHER_EVENTS`] events, so that no long stream holds the others up; the rest is its
//! next page.

use std::sync::{Arc, Mutex};

use annals_core::StreamId;
use sqlx::postgres::PgRow;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::database::{Database, lock};
use crate::fault::{Fault, Kind};
use crate::rows;
use crate::sql;

/// Statements under way at once.
const LANES: usize = 3;

/// Reads in one statement at most.
const TOGETHER: usize = 32;

/// Events that each of them gets at most.
const TOGETHER_EVENTS: usize = 256;

/// A part of a stream, by version.
pub(crate) struct Part {
    pub(crate) stream: StreamId,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) limit: usize,
}

/// The rows of a part, and how many of them are its events: one more tells that there are others.
pub(crate) struct Found {
    pub(crate) rows: Vec<PgRow>,
    pub(crate) limit: usize,
}

type Answer = Result<Found, Fault>;

struct Waiting {
    part: Part,
    reply: oneshot::Sender<Answer>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    under_way: usize,
}

/// The reads of one store.
#[derive(Default)]
pub(crate) struct Reads {
    state: Arc<Mutex<State>>,
}

impl Reads {
    /// Reads a part of a stream forwards.
    pub(crate) async fn forward(&self, database: &Arc<Database>, part: Part) -> Answer {
        if !database.options.gathering {
            return one(part, database).await;
        }
        let (reply, answer) = oneshot::channel();
        let is_lane_free = {
            let mut state = lock(&self.state);
            state.waiting.push(Waiting { part, reply });
            let is_lane_free = state.under_way < LANES;
            state.under_way += usize::from(is_lane_free);
            is_lane_free
        };
        if is_lane_free {
            // In a task of its own: others may come to depend on it, and whoever asked may go away.
            let lane = Lane { state: self.state.clone(), has_ended: false };
            tokio::spawn(lane.run(database.clone()));
        }
        match timeout(database.options.timeout, answer).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) => Err(Fault::new(Kind::Lost, "the runtime that the store was read in has ended")),
            Err(_) => Err(Fault::no_answer()),
        }
    }
}

/// What reads what waits until nothing does.
struct Lane {
    state: Arc<Mutex<State>>,
    has_ended: bool,
}

impl Lane {
    async fn run(mut self, database: Arc<Database>) {
        while let Some(batch) = self.next() {
            answer(batch, &database).await;
        }
    }

    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut state = lock(&self.state);
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        let count = state.waiting.len().min(TOGETHER);
        if count == 0 {
            // Under the same lock: who comes after this starts another.
            state.under_way -= 1;
            self.has_ended = true;
            return None;
        }
        Some(state.waiting.drain(..count).collect())
    }
}

/// A lane that ends before its time ends with its runtime; other lanes may be in another.
impl Drop for Lane {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut state = lock(&self.state);
        state.under_way -= 1;
        if state.under_way == 0 {
            state.waiting.clear();
        }
    }
}

async fn answer(mut batch: Vec<Waiting>, database: &Database) {
    // Who asked and went away wants no answer.
    if batch.len() == 1
        && let Some(Waiting { part, reply }) = batch.pop()
    {
        let _ = reply.send(one(part, database).await);
        return;
    }
    match together(&batch, database).await {
        Ok(found) => {
            for (waiting, rows) in batch.into_iter().zip(found) {
                let limit = waiting.part.limit.min(TOGETHER_EVENTS);
                let _ = waiting.reply.send(Ok(Found { rows, limit }));
            }
        }
        Err(fault) => {
            for waiting in batch {
                let _ = waiting.reply.send(Err(fault.clone()));
            }
        }
    }
}

async fn one(part: Part, database: &Database) -> Answer {
    let Part { stream, from, to, limit } = part;
    let query = || {
        let query = database.query(sql!("stream_forward")).bind(stream.as_str());
        query.bind(from).bind(to).bind(asked(limit))
    };
    Ok(Found { rows: database.rows(query).await?, limit })
}

/// The rows of each part.
async fn together(batch: &[Waiting], database: &Database) -> Result<Vec<Vec<PgRow>>, Fault> {
    let parts = || batch.iter().map(|waiting| &waiting.part);
    let streams: Vec<&str> = parts().map(|part| part.stream.as_str()).collect();
    let from: Vec<i64> = parts().map(|part| part.from).collect();
    let to: Vec<i64> = parts().map(|part| part.to).collect();
    let most: Vec<i64> = parts().map(|part| asked(part.limit.min(TOGETHER_EVENTS))).collect();
    let query = || {
        let query = database.query(sql!("streams_forward")).bind(streams.as_slice());
        query.bind(from.as_slice()).bind(to.as_slice()).bind(most.as_slice())
    };
    let mut found: Vec<Vec<PgRow>> = batch.iter().map(|_| Vec::new()).collect();
    for row in database.rows(query).await? {
        let of_part = usize::try_from(rows::position(&row)? - 1).ok().and_then(|place| found.get_mut(place));
        of_part.ok_or_else(|| Fault::damaged("events of a stream that was not asked for"))?.push(row);
    }
    Ok(found)
}

/// One more than is wanted tells whether anything is left.
fn asked(limit: usize) -> i64 {
    i64::try_from(limit + 1).unwrap_or(i64::MAX)
}
