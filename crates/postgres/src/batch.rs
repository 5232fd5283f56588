//! Commits on their way to the server, and the one statement that carries many of them: each is checked for itself,
//! and those that hold are recorded, in one round trip.

use std::sync::Arc;
use std::time::Instant;

use annals_core::{CommitId, Json, RecordedEvent, StreamHead, StreamId, Timestamp};
use annals_ports::{Appended, Commit};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use tokio::time::timeout;
use uuid::Uuid;

use crate::database::{Database, Query, alone};
use crate::fault::{Fault, Kind};
use crate::rows::{self, Stamp, number, uuid};
use crate::sql;

/// A commit as it is to stand in history if its streams' heads are the ones that it was made for.
#[derive(Clone)]
pub(crate) struct Proposal {
    pub(crate) id: CommitId,
    /// The process's clock when it was made; none for what was recorded elsewhere (law A10).
    pub(crate) clock: Option<Timestamp>,
    /// What is kept under its id besides events (law A12).
    pub(crate) once: Option<Once>,
    pub(crate) pieces: Vec<Piece>,
    /// What the receipt says of them.
    pub(crate) added: Vec<Appended>,
}

/// Events for one stream, with the head that they continue.
#[derive(Clone)]
pub(crate) struct Piece {
    pub(crate) stream: StreamId,
    pub(crate) head: Option<StreamHead>,
    pub(crate) events: Vec<RecordedEvent>,
}

/// An outcome that takes effect once.
#[derive(Clone)]
pub(crate) enum Once {
    Committed,
    Refused(Json),
    Unchanged,
}

/// What became of a proposal that the server judged.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is recorded.
    Recorded,
    /// It is not, and nothing of it is.
    Refused(Refusal),
}

/// Why a proposal was not recorded, all as of one moment.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Something is recorded under its id.
    pub(crate) stands: bool,
    /// The server's clock, when the process's is too far from it.
    pub(crate) skew: Option<Timestamp>,
    /// The head of each of its streams.
    pub(crate) heads: Vec<Option<StreamHead>>,
}

/// A proposal as the lanes take it.
pub(crate) struct Task {
    pub(crate) proposal: Proposal,
    /// The commit, when it may continue another head, too: one that was seen since the proposal was made.
    pub(crate) floating: Option<Arc<Commit>>,
}

/// What became of a task.
pub(crate) enum Answer {
    /// It is recorded so.
    Recorded(Vec<Appended>),
    /// It is not, and nothing of it is.
    Refused(Refusal),
}

impl Task {
    /// A proposal that stands or falls as it is.
    pub(crate) fn fixed(proposal: Proposal) -> Self {
        Self { proposal, floating: None }
    }

    /// A proposal that may be made again for another head.
    pub(crate) fn floating(proposal: Proposal, commit: Arc<Commit>) -> Self {
        Self { proposal, floating: Some(commit) }
    }
}

impl Verdict {
    /// As the caller hears it, when `added` is what its receipt says.
    pub(crate) fn answer(self, added: Vec<Appended>) -> Answer {
        match self {
            Self::Recorded => Answer::Recorded(added),
            Self::Refused(refusal) => Answer::Refused(refusal),
        }
    }
}

impl Once {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Refused(_) => "refused",
            Self::Unchanged => "unchanged",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused(reason) => Some(reason.as_str()),
            Self::Committed | Self::Unchanged => None,
        }
    }
}

impl Proposal {
    pub(crate) fn streams(&self) -> impl Iterator<Item = &StreamId> {
        self.pieces.iter().map(|piece| &piece.stream)
    }

    /// The bytes of payload and metadata.
    pub(crate) fn weight(&self) -> usize {
        self.pieces.iter().flat_map(|piece| &piece.events).map(rows::weight).sum()
    }

    /// Its event and the head that it continues, when that is all there is to it.
    pub(crate) fn only_event(&self) -> Option<(Option<&StreamHead>, &RecordedEvent)> {
        match (self.pieces.as_slice(), &self.once) {
            ([Piece { head, events, .. }], None) => match events.as_slice() {
                [event] => Some((head.as_ref(), event)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Rows that it adds.
    fn rows(&self) -> usize {
        self.pieces.iter().map(|piece| piece.events.len()).sum::<usize>() + usize::from(self.once.is_some())
    }

    /// Whether a unique violation names it: its id, or a place that it wants.
    pub(crate) fn is_named_in(&self, key: &str) -> bool {
        let wants = |event: &RecordedEvent| {
            key.contains(&format!(")=({}, {})", event.header.stream, event.header.version))
        };
        key.contains(&self.id.to_string()) || self.pieces.iter().flat_map(|piece| &piece.events).any(wants)
    }
}

/// Has the server judge `proposals` in one statement, and gives the verdict on each. A fault takes all of them back.
pub(crate) async fn propose(
    connection: &mut PgConnection,
    database: &Database,
    proposals: &[&Proposal],
) -> Result<Vec<Verdict>, Fault> {
    let query = statement(database, proposals);
    let begun = Instant::now();
    let answered = timeout(database.options.timeout, alone(connection, query, &database.options)).await;
    let rows = answered.unwrap_or_else(|_| Err(Fault::no_answer()))?;
    let verdicts = verdicts(&rows, proposals)?;
    if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Recorded)) {
        database.committed.send_modify(|count| *count += 1);
    }
    tracing::trace!(commits = proposals.len(), elapsed = ?begun.elapsed(), "judged a batch");
    Ok(verdicts)
}

/// A number that is small, as PostgreSQL holds it.
pub(crate) fn small(count: u16) -> i16 {
    i16::try_from(count).unwrap_or(i16::MAX)
}

/// The statement with its columns: one array each.
fn statement(database: &Database, proposals: &[&Proposal]) -> Query {
    let place = |index: usize| i32::try_from(index + 1).unwrap_or(i32::MAX);
    let ids: Vec<Uuid> = proposals.iter().map(|proposal| uuid(proposal.id.as_bytes())).collect();
    let clocks: Vec<Option<Stamp>> = proposals.iter().map(|proposal| proposal.clock.map(Stamp)).collect();
    let once = || proposals.iter().map(|proposal| proposal.once.as_ref());
    let outcomes: Vec<Option<&str>> = once().map(|once| once.map(Once::outcome)).collect();
    let reasons: Vec<Option<&str>> = once().map(|once| once.and_then(Once::reason)).collect();

    let numbered = || proposals.iter().enumerate().map(|(index, proposal)| (place(index), proposal));
    let pieces: Vec<(i32, &Piece)> = numbered()
        .flat_map(|(commit, proposal)| proposal.pieces.iter().map(move |piece| (commit, piece)))
        .collect();
    let of_piece: Vec<i32> = pieces.iter().map(|(commit, _)| *commit).collect();
    let streams: Vec<&str> = pieces.iter().map(|(_, piece)| piece.stream.as_str()).collect();
    let versions: Vec<i64> = pieces.iter().map(|(_, piece)| version_of(piece.head.as_ref())).collect();
    let digests: Vec<Option<&[u8]>> = pieces
        .iter()
        .map(|(_, piece)| piece.head.as_ref().map(|head| head.digest.as_bytes().as_slice()))
        .collect();

    // Always in this order: statements that lock the same places in different orders would wait for each other.
    let mut by_place: Vec<&(i32, &Piece)> = pieces.iter().collect();
    by_place.sort_unstable_by_key(|(_, piece)| {
        (piece.stream.as_str(), piece.events.first().map(|event| event.header.version))
    });
    let mut columns = Columns::default();
    for (commit, piece) in by_place {
        for event in &piece.events {
            columns.add(*commit, event);
        }
    }
    let query = database.query(sql!("commit_batch"));
    let query = query.bind(ids).bind(clocks).bind(outcomes).bind(reasons);
    columns.bind(query.bind(of_piece).bind(streams).bind(versions).bind(digests))
}

pub(crate) fn version_of(head: Option<&StreamHead>) -> i64 {
    number(StreamHead::version_of(head).get())
}

/// The events' columns.
#[derive(Default)]
struct Columns<'a> {
    commits: Vec<i32>,
    streams: Vec<&'a str>,
    versions: Vec<i64>,
    ids: Vec<Uuid>,
    event_types: Vec<&'a str>,
    schema_versions: Vec<i16>,
    commit_ids: Vec<Uuid>,
    indexes: Vec<i16>,
    sizes: Vec<i16>,
    stamps: Vec<Stamp>,
    digests: Vec<&'a [u8]>,
    metadata: Vec<&'a str>,
    payloads: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, commit: i32, event: &'a RecordedEvent) {
        let header = &event.header;
        self.commits.push(commit);
        self.streams.push(header.stream.as_str());
        self.versions.push(number(header.version.get()));
        self.ids.push(uuid(header.id.as_bytes()));
        self.event_types.push(header.event_type.as_str());
        self.schema_versions.push(small(header.schema_version));
        self.commit_ids.push(uuid(header.commit.id.as_bytes()));
        self.indexes.push(small(header.commit.index));
        self.sizes.push(small(header.commit.size));
        self.stamps.push(Stamp(header.recorded_at));
        self.digests.push(header.digest.as_bytes());
        self.metadata.push(header.metadata.as_str());
        self.payloads.push(event.payload.as_str());
    }

    fn bind(self, query: Query) -> Query {
        query
            .bind(self.commits)
            .bind(self.streams)
            .bind(self.versions)
            .bind(self.ids)
            .bind(self.event_types)
            .bind(self.schema_versions)
            .bind(self.commit_ids)
            .bind(self.indexes)
            .bind(self.sizes)
            .bind(self.stamps)
            .bind(self.digests)
            .bind(self.metadata)
            .bind(self.payloads)
    }
}

/// The verdicts in the statement's answer: a row for each head of each commit that was refused, and a last one that
/// counts what was added.
fn verdicts(answer: &[PgRow], proposals: &[&Proposal]) -> Result<Vec<Verdict>, Fault> {
    let mut verdicts: Vec<Verdict> = proposals.iter().map(|_| Verdict::Recorded).collect();
    let mut added = None;
    let mut now = Timestamp::MIN;
    for row in answer {
        let commit = rows::integer(row, 0)?;
        if commit == 0 {
            added = Some(rows::integer(row, 4)?);
            now = rows::timestamp(row, 5)?;
            continue;
        }
        let verdict = usize::try_from(commit - 1).ok().and_then(|index| verdicts.get_mut(index));
        let verdict = verdict.ok_or_else(mixed_up)?;
        let (stands, is_skewed): (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
        if matches!(verdict, Verdict::Recorded) {
            let skew = is_skewed.then_some(Timestamp::MIN);
            *verdict = Verdict::Refused(Refusal { stands, skew, heads: Vec::new() });
        }
        if let Verdict::Refused(refusal) = verdict
            && row.try_get::<Option<i64>, _>(1)?.is_some()
        {
            refusal.heads.push(rows::head(row, 4)?);
        }
    }
    let mut expected = 0;
    for (verdict, proposal) in verdicts.iter_mut().zip(proposals) {
        match verdict {
            Verdict::Recorded => expected += proposal.rows(),
            Verdict::Refused(refusal) => {
                refusal.skew = refusal.skew.map(|_| now);
                // By commit and place the server gives them in the order of the pieces.
                if refusal.heads.len() != proposal.pieces.len() {
                    return Err(mixed_up());
                }
            }
        }
    }
    if added == i64::try_from(expected).ok() { Ok(verdicts) } else { Err(mixed_up()) }
}

/// An answer that is another statement's. What the server did is unknown.
pub(crate) fn mixed_up() -> Fault {
    let detail = "the server's answer is not this statement's; is there a pooler in transaction mode? \
                  Then say so by pooler=transaction";
    Fault::new(Kind::Lost, detail)
}
