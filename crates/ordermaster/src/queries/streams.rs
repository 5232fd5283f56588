//! Any aggregate of the shop by the name of its stream, through time: its state at a moment, how it came to be, and
//! what lies between two moments.
//!
//! States are given as JSON, for people. Reads streams, never a read model.

use annals::{
    Aggregate, AsOf, Difference, DomainEvent, LoadError, NotPortable, Repository, StreamId, Timestamp, Value,
    Version,
};
use serde::Serialize;

use crate::app::OrderMaster;

/// Why an aggregate cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// No aggregate of the shop has such streams.
    #[error("{stream} is no stream of the shop: write order-ID, payment-ID, inventory-SKU or account-ID")]
    NotOfTheShop {
        /// The stream.
        stream: StreamId,
    },
    /// The stream has no events.
    #[error("there is no {stream} in this store: look at its spelling, or at `ordermaster events`")]
    NoSuchStream {
        /// The stream.
        stream: StreamId,
    },
    /// The stream has not come so far, or the version is none.
    #[error("{stream} has no version {asked}: it has versions 1 to {head}")]
    NoSuchVersion {
        /// The stream.
        stream: StreamId,
        /// The version asked for.
        asked: Version,
        /// The stream's last version.
        head: Version,
    },
    /// The stream had no events then.
    #[error("there was no {stream} yet at {at}: its first event was recorded at {first}")]
    NotYet {
        /// The stream.
        stream: StreamId,
        /// The moment asked for.
        at: Timestamp,
        /// When its first event was recorded.
        first: Timestamp,
    },
    /// The state could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An event cannot be shown as JSON.
    #[error("an event of {stream} cannot be shown: {source}")]
    Show {
        /// The stream.
        stream: StreamId,
        /// Why not.
        source: NotPortable,
    },
    /// A state or an event cannot be shown as JSON.
    #[error("{stream} cannot be shown as JSON: {source}")]
    Json {
        /// The stream.
        stream: StreamId,
        /// Why not.
        source: serde_json::Error,
    },
}

/// An aggregate's state at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateAt {
    /// The stream.
    pub stream: StreamId,
    /// How many events lead to the state.
    pub version: Version,
    /// When the last of them was recorded.
    pub recorded_at: Timestamp,
    /// The state.
    pub state: Value,
}

/// One event of a stream, with what it changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryEntry {
    /// Its place in the stream.
    pub version: Version,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Its type.
    pub event: String,
    /// Who did it, where the metadata says so.
    pub actor: Option<String>,
    /// The conversation, where the metadata names it.
    pub correlation_id: Option<String>,
    /// Its payload in today's shape; none when its type was retired.
    pub payload: Option<Value>,
    /// What it changed in the state.
    pub differences: Vec<Difference>,
}

impl OrderMaster {
    /// The state of the aggregate in `stream`, at a moment.
    ///
    /// # Errors
    /// When the stream is none of the shop's, has no events by then, or cannot be read.
    pub async fn state_at(&self, stream: &StreamId, as_of: AsOf) -> Result<StateAt, StreamError> {
        match stream.category() {
            "order" => state_at(self.orders(), stream, as_of).await,
            "payment" => state_at(self.payments(), stream, as_of).await,
            "inventory" => state_at(self.inventory(), stream, as_of).await,
            "account" => state_at(self.accounts(), stream, as_of).await,
            _ => Err(StreamError::NotOfTheShop { stream: stream.clone() }),
        }
    }

    /// Every event of `stream`, from the first on, with what it changed.
    ///
    /// # Errors
    /// When the stream is none of the shop's, has no events, or cannot be read.
    pub async fn history_of(&self, stream: &StreamId) -> Result<Vec<HistoryEntry>, StreamError> {
        match stream.category() {
            "order" => history_of(self.orders(), stream).await,
            "payment" => history_of(self.payments(), stream).await,
            "inventory" => history_of(self.inventory(), stream).await,
            "account" => history_of(self.accounts(), stream).await,
            _ => Err(StreamError::NotOfTheShop { stream: stream.clone() }),
        }
    }

    /// What differs between the states of `stream` at two moments.
    ///
    /// # Errors
    /// When the stream is none of the shop's, or cannot be read at both moments.
    pub async fn difference_in(
        &self,
        stream: &StreamId,
        from: AsOf,
        to: AsOf,
    ) -> Result<Vec<Difference>, StreamError> {
        match stream.category() {
            "order" => difference_in(self.orders(), stream, from, to).await,
            "payment" => difference_in(self.payments(), stream, from, to).await,
            "inventory" => difference_in(self.inventory(), stream, from, to).await,
            "account" => difference_in(self.accounts(), stream, from, to).await,
            _ => Err(StreamError::NotOfTheShop { stream: stream.clone() }),
        }
    }
}

fn id_in<A: Aggregate>(stream: &StreamId) -> Result<A::Id, StreamError> {
    stream.id().parse().map_err(|_| StreamError::NotOfTheShop { stream: stream.clone() })
}

async fn state_at<A: Aggregate + Serialize>(
    repository: &Repository<A>,
    stream: &StreamId,
    as_of: AsOf,
) -> Result<StateAt, StreamError> {
    let id = id_in::<A>(stream)?;
    let at = match repository.load_at(&id, as_of).await {
        Ok(at) => at,
        Err(LoadError::NoSuchVersion { stream, head, .. }) if head == Version::NONE => {
            return Err(StreamError::NoSuchStream { stream });
        }
        Err(LoadError::NoSuchVersion { stream, asked, head }) => {
            return Err(StreamError::NoSuchVersion { stream, asked, head });
        }
        Err(error) => return Err(error.into()),
    };
    let (Some(head), stream) = (at.head, stream.clone()) else {
        return Err(why_nothing(repository, &id, stream, as_of).await?);
    };
    match serde_json::to_value(&at.state) {
        Ok(state) => Ok(StateAt { stream, version: head.version, recorded_at: head.recorded_at, state }),
        Err(source) => Err(StreamError::Json { stream, source }),
    }
}

/// Why a stream has no state at a moment.
async fn why_nothing<A: Aggregate>(
    repository: &Repository<A>,
    id: &A::Id,
    stream: &StreamId,
    as_of: AsOf,
) -> Result<StreamError, LoadError> {
    let (stream, now) = (stream.clone(), repository.load(id).await?);
    let Some(head) = now.head else { return Ok(StreamError::NoSuchStream { stream }) };
    Ok(match as_of {
        AsOf::Time(at) => {
            let first = repository.load_at(id, AsOf::version(1)).await?;
            let first = first.head.map_or(head.recorded_at, |first| first.recorded_at);
            StreamError::NotYet { stream, at, first }
        }
        AsOf::Version(asked) => StreamError::NoSuchVersion { stream, asked, head: head.version },
        AsOf::Latest => StreamError::NoSuchStream { stream },
    })
}

async fn history_of<A: Aggregate + Serialize>(
    repository: &Repository<A>,
    stream: &StreamId,
) -> Result<Vec<HistoryEntry>, StreamError> {
    let changes = repository.history(&id_in::<A>(stream)?).await?;
    if changes.is_empty() {
        return Err(StreamError::NoSuchStream { stream: stream.clone() });
    }
    let unreadable = |source| StreamError::Json { stream: stream.clone(), source };
    let entries = changes.into_iter().map(|change| {
        let metadata = change.header.metadata().map_err(unreadable)?;
        let payload = match &change.event {
            Some(event) => Some(payload_of(event, stream)?),
            None => None,
        };
        Ok(HistoryEntry {
            version: change.header.version,
            recorded_at: change.header.recorded_at,
            event: change.header.event_type.as_str().to_owned(),
            actor: metadata.actor().map(str::to_owned),
            correlation_id: metadata.correlation_id().map(str::to_owned),
            payload,
            differences: change.differences,
        })
    });
    entries.collect()
}

async fn difference_in<A: Aggregate + Serialize>(
    repository: &Repository<A>,
    stream: &StreamId,
    from: AsOf,
    to: AsOf,
) -> Result<Vec<Difference>, StreamError> {
    let id = id_in::<A>(stream)?;
    if repository.load(&id).await?.head.is_none() {
        return Err(StreamError::NoSuchStream { stream: stream.clone() });
    }
    repository.difference(&id, from, to).await.map_err(|error| match error {
        LoadError::NoSuchVersion { stream, asked, head } => {
            StreamError::NoSuchVersion { stream, asked, head }
        }
        error => error.into(),
    })
}

/// An event's payload as a JSON value.
pub(crate) fn payload_of<E: DomainEvent>(event: &E, stream: &StreamId) -> Result<Value, StreamError> {
    let payload = event.encode().map_err(|source| StreamError::Show { stream: stream.clone(), source })?;
    payload.to_value().map_err(|source| StreamError::Json { stream: stream.clone(), source })
}
