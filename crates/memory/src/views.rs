//! Views: each a map of rows with its routes, parked events and checkpoint. Laws V.

use std::collections::{BTreeMap, BTreeSet};

use annals_core::{Json, StreamId};
use annals_ports::{
    Checkpoint, Direction, IndexValues, Lease, PageToken, Parked, Row, RowPage, RowQuery, RowSelection,
    StoreError, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::store::State;

#[derive(Debug)]
pub(crate) struct View {
    checkpoint: Checkpoint,
    rows: BTreeMap<String, (Json, IndexValues)>,
    routes: BTreeMap<StreamId, BTreeSet<String>>,
    parked: Vec<Parked>,
}

impl View {
    pub(crate) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(crate) fn index_values(&self, key: &str) -> Vec<(String, String)> {
        let values = self.rows.get(key).into_iter().flat_map(|(_, values)| values.iter());
        values.map(|(index, value)| (index.to_owned(), value.as_str().to_owned())).collect()
    }

    fn state(&self, view: &ViewId) -> ViewState {
        let parked = self.parked.len() as u64;
        ViewState { view: view.clone(), checkpoint: self.checkpoint.clone(), rows: self.len(), parked }
    }

    fn apply(&mut self, batch: ViewBatch) {
        for change in batch.changes {
            match change.row() {
                Some((row, index)) => self.rows.insert(change.key().to_owned(), (row.clone(), index.clone())),
                None => self.rows.remove(change.key()),
            };
        }
        for route in batch.routes {
            self.routes.entry(route.stream).or_default().insert(route.key);
        }
        self.parked.retain(|parked| !batch.unpark.contains(parked));
        for parked in batch.park {
            if !self.parked.contains(&parked) {
                self.parked.push(parked);
            }
        }
        self.checkpoint = batch.checkpoint;
    }

    /// The rows that a query selects, each behind its place: its index value, empty without one, and its key.
    fn select<'a>(&'a self, select: &'a RowSelection) -> Vec<((&'a str, &'a str), &'a Json)> {
        let mut found: Vec<_> = self
            .rows
            .iter()
            .filter_map(|(key, (row, values))| match select {
                RowSelection::Keys { prefix } => key.starts_with(prefix).then_some((("", key.as_str()), row)),
                RowSelection::Index { name, prefix } => {
                    let (_, value) = values.iter().find(|(index, _)| index == name)?;
                    let value = value.as_str();
                    value.starts_with(prefix.as_str()).then_some(((value, key.as_str()), row))
                }
            })
            .collect();
        found.sort_unstable_by_key(|(place, _)| *place);
        found
    }
}

#[async_trait]
impl ViewStore for MemoryStore {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        Ok(self.shared.state().views.iter().map(|(id, view)| view.state(id)).collect())
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        Ok(self.shared.state().views.get(view).map(|found| found.state(view)))
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        let state = self.shared.state();
        let row = |key: &String| Some(state.views.get(view)?.rows.get(key)?.0.clone());
        Ok(keys.iter().map(row).collect())
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let after = match &query.after {
            Some(token) => Some(split_place(token.place_in(self.shared.id)?)),
            None => None,
        };
        let state = self.shared.state();
        let mut rows = state.views.get(view).map_or_else(Vec::new, |found| found.select(&query.select));
        if query.direction == Direction::Backward {
            rows.reverse();
        }
        rows.retain(|(place, _)| match query.direction {
            Direction::Forward => after.is_none_or(|after| *place > after),
            Direction::Backward => after.is_none_or(|after| *place < after),
        });
        let limit = query.limit.max(1);
        let next = rows.get(limit).map(|_| {
            let (value, key) = rows[limit - 1].0;
            PageToken::new(self.shared.id, format!("{value}{key}"))
        });
        rows.truncate(limit);
        let rows = rows.into_iter().map(|((_, key), row)| Row { key: key.to_owned(), row: row.clone() });
        Ok(RowPage { rows: rows.collect(), next })
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        let state = self.shared.state();
        let routes = |stream| Some(state.views.get(view)?.routes.get(stream)?.iter().cloned().collect());
        Ok(streams.iter().map(|stream| routes(stream).unwrap_or_default()).collect())
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        let state = self.shared.state();
        let parked = state.views.get(view).map_or(&[][..], |view| view.parked.as_slice());
        Ok(parked.iter().filter(|parked| streams.contains(&parked.awaits)).cloned().collect())
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        batch.checkpoint.position.single_in(self.shared.id)?;
        let state = &mut *self.shared.state();
        check_lease(state, &batch.view, &batch.lease)?;
        let found = state.views.get(&batch.view).map(|view| &view.checkpoint.position);
        if found != batch.from.as_ref() {
            let found = found.cloned();
            return Err(ViewError::CheckpointMoved { view: batch.view, expected: batch.from, found });
        }
        let view = state.views.entry(batch.view.clone()).or_insert_with(|| View {
            checkpoint: batch.checkpoint.clone(),
            rows: BTreeMap::new(),
            routes: BTreeMap::new(),
            parked: Vec::new(),
        });
        view.apply(batch);
        Ok(())
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        let state = &mut *self.shared.state();
        check_lease(state, view, lease)?;
        state.views.remove(view);
        Ok(())
    }
}

/// V02: whoever lost the lease changes nothing.
fn check_lease(state: &State, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
    if state.is_held(lease) {
        Ok(())
    } else {
        let (lease, owner) = (lease.name.clone(), lease.owner.clone());
        Err(ViewError::LeaseLost { view: view.clone(), lease, owner })
    }
}

/// The index value and the key of a page token: a value ends with U+001F, and a key holds no control character.
fn split_place(place: &str) -> (&str, &str) {
    place.split_at(place.rfind('\u{1f}').map_or(0, |end| end + 1))
}
