//! Comparing a view with a rebuild (law V05): the same feed up to the same checkpoint, built again in a store of its own,
//! then every row and every index value against it. Changes nothing in the store that is checked, and needs no lease.
//!
//! A runner may be at work meanwhile: a row that differs is looked at again at a checkpoint that stands still while both
//! are read, and only then told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use annals_core::Json;
use annals_ports::{
    Adapter, Checkpoint, FeedPosition, Row, RowQuery, StoreError, ViewId, ViewState, ViewStore,
};

use crate::scratch::{Limited, beside};
use crate::view::{decode_row, parse_key};
use crate::{OnProgress, Progress, Projection, ProjectionError, Runner};

/// Keys compared at a time.
const AT_ONCE: usize = 1_000;
/// Differences that are kept; what differs beyond them is not looked at.
const KEPT: usize = 1_000;
/// How often a row that differs is looked at again while the view moves.
const TRIES: usize = 50;

/// What came out of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The view.
    pub view: ViewId,
    /// Events from which it was built again; 0 when the view was never begun.
    pub events: u64,
    /// Rows compared, those that are on one side only included.
    pub rows: u64,
    /// Index values compared; 0 where the store does not tell them.
    pub index_values: u64,
    /// Rows that are not what the rebuild made; the first thousand.
    pub differences: Vec<RowDifference>,
    /// What is wrong with the checkpoint, the count of waiting events, or the view as a whole.
    pub problems: Vec<String>,
    /// Whether the checkpoint names an event that is not there (law F09); nothing was compared then.
    pub is_lost: bool,
    /// Whether what differs was seen while the view stood still. When not, its runner never let it stand: compare again
    /// later.
    pub is_settled: bool,
}

/// A row that is not what the rebuild made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// The row's key.
    pub key: String,
    /// How it differs.
    pub fault: RowFault,
}

/// How a row differs from what the rebuild made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// The rebuild made it, the view lacks it.
    #[error("it is missing")]
    Missing,
    /// The view has it, the rebuild made none.
    #[error("history makes no such row")]
    Unexpected,
    /// The rows differ.
    #[error("it is not the row that history makes")]
    Differs,
    /// It is not found by the index values that it should be found by.
    #[error("its index values are {found:?} instead of {expected:?}")]
    Index {
        /// Index and value, as the store has them.
        found: Vec<(String, String)>,
        /// As the projection makes them.
        expected: Vec<(String, String)>,
    },
}

impl Comparison {
    /// Whether the view is what a rebuild makes, as far as could be told.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty() && self.problems.is_empty() && !self.is_lost
    }

    fn of(view: ViewId) -> Self {
        Self {
            view,
            events: 0,
            rows: 0,
            index_values: 0,
            differences: Vec::new(),
            problems: Vec::new(),
            is_lost: false,
            is_settled: true,
        }
    }
}

impl<P: Projection> Runner<P> {
    /// Builds the view again in `scratch`, up to the checkpoint at which the real one stands, and compares every row and
    /// every index value. `scratch` must be a store of its own, empty, and is thrown away afterwards: memory for small
    /// views, a temporary file for large ones. The real view is only read; its runner may be at work.
    ///
    /// # Errors
    /// When the store fails, or an event cannot be decoded (law E03). A view that differs is no error.
    pub async fn compare_with_rebuild(
        &self,
        scratch: Adapter,
        mut on_progress: impl FnMut(&Progress) + Send,
    ) -> Result<Comparison, ProjectionError> {
        self.compare(scratch, &mut on_progress).await
    }

    pub(crate) async fn compare(
        &self,
        scratch: Adapter,
        on_progress: OnProgress<'_>,
    ) -> Result<Comparison, ProjectionError> {
        let mut comparison = Comparison::of(self.view_id().clone());
        let Some(begun) = self.standing().await? else { return Ok(comparison) };
        let query = self.query()?.limit(1);
        match self.adapter.feed.next(&query, &begun.checkpoint.position, Duration::ZERO).await {
            Err(StoreError::PositionLost { .. }) => {
                comparison.is_lost = true;
                return Ok(comparison);
            }
            // Another store's, or none: the checkpoint itself is wrong.
            Err(error @ StoreError::WrongStore { .. }) => {
                comparison.problems.push(format!("its checkpoint: {error}"));
                return Ok(comparison);
            }
            next => drop(next?),
        }
        let (adapter, feed) = beside(&self.adapter, scratch);
        let mut rebuilt = Rebuilt { runner: self.over(adapter), feed, events: 0 };
        if let Some(problem) = rebuilt.run_to(&begun.checkpoint, on_progress).await? {
            comparison.problems.push(problem);
        }
        comparison.events = rebuilt.events;
        let mut differing = self.compare_all(&rebuilt, &mut comparison).await?;
        let mut stands = self.standing().await?;
        comparison.is_settled = stands.as_ref() == Some(&begun);
        for _ in 0..TRIES {
            let Some(before) = stands.filter(|_| !comparison.is_settled && !differing.is_empty()) else {
                break;
            };
            if before.checkpoint.events < rebuilt.events {
                // Somebody rebuilds it: there is nothing to compare with.
                break;
            }
            rebuilt.run_to(&before.checkpoint, on_progress).await?;
            let keys: Vec<_> = differing.into_iter().map(|difference| difference.key).collect();
            differing =
                self.compare_keys(&rebuilt, &keys, &mut Comparison::of(self.view_id().clone())).await?;
            stands = self.standing().await?;
            comparison.is_settled = stands.as_ref() == Some(&before);
        }
        comparison.is_settled |= differing.is_empty();
        if comparison.is_settled
            && comparison.problems.is_empty()
            && let Some(now) = self.standing().await?
            && let Some(built) = rebuilt.standing().await?
            && now.checkpoint.position == built.checkpoint.position
            && now.parked != built.parked
        {
            let problem = format!("{} events wait in it, in a rebuild {} do", now.parked, built.parked);
            comparison.problems.push(problem);
        }
        comparison.differences = differing;
        Ok(comparison)
    }

    async fn standing(&self) -> Result<Option<ViewState>, ProjectionError> {
        Ok(self.adapter.views.state(self.view_id()).await?)
    }

    /// Compares all rows, in the order of their keys.
    async fn compare_all(
        &self,
        rebuilt: &Rebuilt<P>,
        comparison: &mut Comparison,
    ) -> Result<Vec<RowDifference>, ProjectionError> {
        let mut found = Cursor::of(&self.adapter.views, self.view_id());
        let mut made = Cursor::of(&rebuilt.runner.adapter.views, self.view_id());
        let mut differing = Vec::new();
        let mut pairs = Vec::with_capacity(AT_ONCE);
        loop {
            let (ours, theirs) = (found.key().await?, made.key().await?);
            let key = match (ours, theirs) {
                (None, None) => break,
                (Some(key), None) | (None, Some(key)) => key,
                (Some(ours), Some(theirs)) => ours.min(theirs),
            };
            pairs.push(Pair { found: found.take(&key), made: made.take(&key), key });
            if pairs.len() == AT_ONCE {
                self.judge(std::mem::take(&mut pairs), comparison, &mut differing).await?;
            }
            if differing.len() > KEPT {
                break;
            }
        }
        self.judge(pairs, comparison, &mut differing).await?;
        differing.truncate(KEPT);
        Ok(differing)
    }

    /// Compares the rows with these keys.
    async fn compare_keys(
        &self,
        rebuilt: &Rebuilt<P>,
        keys: &[String],
        comparison: &mut Comparison,
    ) -> Result<Vec<RowDifference>, ProjectionError> {
        let found = self.adapter.views.rows(self.view_id(), keys).await?;
        let made = rebuilt.runner.adapter.views.rows(self.view_id(), keys).await?;
        let pairs = keys.iter().zip(found.into_iter().zip(made));
        let pairs = pairs.map(|(key, (found, made))| Pair { key: key.clone(), found, made }).collect();
        let mut differing = Vec::new();
        self.judge(pairs, comparison, &mut differing).await?;
        Ok(differing)
    }

    async fn judge(
        &self,
        pairs: Vec<Pair>,
        comparison: &mut Comparison,
        differing: &mut Vec<RowDifference>,
    ) -> Result<(), ProjectionError> {
        comparison.rows += pairs.len() as u64;
        let mut equal = Vec::new();
        for Pair { key, found, made } in pairs {
            let fault = match (found, made) {
                (Some(found), Some(made)) if found == made => {
                    equal.push((key, made));
                    continue;
                }
                (Some(_), Some(_)) => RowFault::Differs,
                (None, Some(_)) => RowFault::Missing,
                (Some(_), None) => RowFault::Unexpected,
                (None, None) => continue,
            };
            differing.push(RowDifference { key, fault });
        }
        self.judge_index(equal, comparison, differing).await
    }

    /// The index values of rows that are equal, where the store tells them.
    async fn judge_index(
        &self,
        rows: Vec<(String, Json)>,
        comparison: &mut Comparison,
        differing: &mut Vec<RowDifference>,
    ) -> Result<(), ProjectionError> {
        let Some(upkeep) = self.adapter.inspect.upkeep() else { return Ok(()) };
        let keys: Vec<_> = rows.iter().map(|(key, _)| key.clone()).collect();
        let found = upkeep.index_values(self.view_id(), &keys).await?;
        for ((key, row), mut found) in rows.into_iter().zip(found) {
            let row: P::Row = decode_row(self.view_id(), &key, &row)?;
            let values = self.projection.index(&parse_key(self.view_id(), &key)?, &row);
            let expected = values.iter().map(|(index, value)| (index.to_owned(), value.as_str().to_owned()));
            let mut expected: Vec<_> = expected.collect();
            expected.sort_unstable();
            found.sort_unstable();
            comparison.index_values += expected.len() as u64;
            if found != expected {
                differing.push(RowDifference { key, fault: RowFault::Index { found, expected } });
            }
        }
        Ok(())
    }
}

/// A row as it was found and as it was made.
struct Pair {
    key: String,
    found: Option<Json>,
    made: Option<Json>,
}

/// The view, built again.
struct Rebuilt<P: Projection> {
    runner: Runner<P>,
    feed: Arc<Limited>,
    /// Events that it has applied.
    events: u64,
}

impl<P: Projection> Rebuilt<P> {
    /// Goes on to where a checkpoint stands; answers what is wrong with that checkpoint, if anything is.
    async fn run_to(
        &mut self,
        checkpoint: &Checkpoint,
        on_progress: OnProgress<'_>,
    ) -> Result<Option<String>, ProjectionError> {
        let wanted = checkpoint.events;
        self.feed.let_through(wanted.saturating_sub(self.events));
        self.runner.run_to_end(false, on_progress).await?;
        self.events = wanted - self.feed.left().min(wanted);
        if self.events < wanted {
            let there = self.events;
            return Ok(Some(format!(
                "its checkpoint counts {wanted} events, the feed has {there} of its kinds"
            )));
        }
        let Some(built) = self.standing().await? else { return Ok(None) };
        // What the checkpoint scanned beyond its last event holds none of the view's kinds.
        let next = built.checkpoint.position;
        let query = self.runner.query()?.limit(1);
        let mut after = next.clone();
        self.feed.let_through(1);
        let ahead = loop {
            let page =
                annals_ports::EventFeed::next(self.feed.as_ref(), &query, &after, Duration::ZERO).await?;
            if !page.events.is_empty() || page.at_end || is_beyond(&page.next, &checkpoint.position) {
                break (!page.events.is_empty()).then_some(page.next);
            }
            after = page.next;
        };
        self.feed.let_through(0);
        let counts_more = wanted > 0 && is_beyond(&next, &checkpoint.position);
        let counts_less = ahead.is_some_and(|ahead| !is_beyond(&ahead, &checkpoint.position));
        Ok((counts_more || counts_less)
            .then(|| format!("its checkpoint counts {wanted} events, its position covers another number")))
    }

    async fn standing(&self) -> Result<Option<ViewState>, ProjectionError> {
        self.runner.standing().await
    }
}

/// Whether `position` lies beyond `other`, where places have one order; of a sliced feed nothing is claimed.
fn is_beyond(position: &FeedPosition, other: &FeedPosition) -> bool {
    let store = position.store();
    match (position.slices_in(store), other.slices_in(store)) {
        (Ok([position]), Ok([other])) => (position.epoch, position.place) > (other.epoch, other.place),
        _ => false,
    }
}

/// All rows of a view, in the order of their keys, a page at a time.
struct Cursor<'a> {
    views: &'a Arc<dyn ViewStore>,
    view: &'a ViewId,
    rows: VecDeque<Row>,
    next: Option<RowQuery>,
}

impl<'a> Cursor<'a> {
    fn of(views: &'a Arc<dyn ViewStore>, view: &'a ViewId) -> Self {
        Self { views, view, rows: VecDeque::new(), next: Some(RowQuery::all().limit(AT_ONCE)) }
    }

    /// The key of the next row; none at the end.
    async fn key(&mut self) -> Result<Option<String>, StoreError> {
        while self.rows.is_empty()
            && let Some(query) = self.next.take()
        {
            let page = self.views.page(self.view, &query).await?;
            self.rows = page.rows.into();
            self.next = page.next.map(|token| query.after(token));
        }
        Ok(self.rows.front().map(|row| row.key.clone()))
    }

    /// Takes the next row when it has this key.
    fn take(&mut self, key: &str) -> Option<Json> {
        let is_next = self.rows.front().is_some_and(|row| row.key == key);
        if is_next { self.rows.pop_front().map(|row| row.row) } else { None }
    }
}
