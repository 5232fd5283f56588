//! State through time: as it was at a version or an instant, what each event changed, and what lies between two
//! moments. Reads only.

use std::ops::ControlFlow;
use std::sync::Arc;

use annals_core::{Aggregate, EventHeader, Rehydrated, StreamId, Timestamp, Version};
use annals_ports::ReadRange;
use serde::Serialize;
use serde_json::Value;

use crate::loading::{apply_next, fold};
use crate::{Difference, LoadError, Repository, differences};

/// A moment in an aggregate's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// Now.
    Latest,
    /// After so many events.
    Version(Version),
    /// After all events recorded up to this instant, itself included.
    Time(Timestamp),
}

impl AsOf {
    /// After so many events.
    pub fn version(number: u64) -> Self {
        Self::Version(Version::new(number))
    }

    /// After all events recorded up to this instant, itself included.
    pub fn time(instant: Timestamp) -> Self {
        Self::Time(instant)
    }
}

/// One event of a history, with what it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<E> {
    /// What is recorded besides the payload.
    pub header: EventHeader,
    /// The event in today's shape; none when its type was retired.
    pub event: Option<E>,
    /// What it changed in the state's JSON form.
    pub differences: Vec<Difference>,
}

impl<A: Aggregate> Repository<A> {
    /// The state as it was then. An instant before the first event gives the default state at version 0. An answer
    /// for an instant more than 10 s old never changes (law A11).
    ///
    /// # Errors
    /// When the stream has not come to the version asked for, the store fails, or an event cannot be decoded.
    pub async fn load_at(&self, id: &A::Id, as_of: AsOf) -> Result<Rehydrated<A>, LoadError> {
        self.at(&self.stream_of(id)?, as_of).await
    }

    /// Every event of an aggregate, from the first on, with what it changed; the first one against the default state.
    ///
    /// # Errors
    /// When the store fails, an event cannot be decoded, or a state has no JSON form.
    pub async fn history(&self, id: &A::Id) -> Result<Vec<Change<A::Event>>, LoadError>
    where
        A: Serialize,
    {
        let stream = self.stream_of(id)?;
        let mut state = Rehydrated::<A>::default();
        let mut before = to_json(&stream, &state)?;
        let mut changes = Vec::new();
        fold(self.events(), &stream, ReadRange::all(), |recorded| {
            let event = apply_next(&mut state, &stream, recorded)?.event();
            let after = to_json(&stream, &state)?;
            let differences = differences(&before, &after);
            before = after;
            changes.push(Change { header: recorded.header.clone(), event, differences });
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(changes)
    }

    /// What differs between the states at two moments, whichever of them is the earlier.
    ///
    /// # Errors
    /// As [`load_at`](Self::load_at), and when a state has no JSON form.
    pub async fn difference(&self, id: &A::Id, from: AsOf, to: AsOf) -> Result<Vec<Difference>, LoadError>
    where
        A: Serialize,
    {
        let stream = self.stream_of(id)?;
        let from = to_json(&stream, &self.at(&stream, from).await?)?;
        let to = to_json(&stream, &self.at(&stream, to).await?)?;
        Ok(differences(&from, &to))
    }

    async fn at(&self, stream: &StreamId, as_of: AsOf) -> Result<Rehydrated<A>, LoadError> {
        if as_of == AsOf::Latest {
            return Ok(Arc::unwrap_or_clone(self.fresh(stream).await?));
        }
        let state = self.state_as_of(stream, as_of).await?;
        match as_of {
            AsOf::Version(asked) if state.version() < asked => {
                Err(LoadError::NoSuchVersion { stream: stream.clone(), asked, head: state.version() })
            }
            _ => Ok(state),
        }
    }
}

fn to_json<A: Aggregate + Serialize>(stream: &StreamId, state: &Rehydrated<A>) -> Result<Value, LoadError> {
    serde_json::to_value(&state.state).map_err(|source| LoadError::NotJson {
        stream: stream.clone(),
        version: state.version(),
        source,
    })
}
