//! What must be true of a store once the faults are over, whatever happened: streams dense and their digests whole,
//! commits whole, the feed complete and in order, reading it again the same.

use std::collections::{BTreeMap, HashMap, HashSet};

use annals_core::{CommitId, RecordedEvent, StreamId};
use annals_ports::{
    Adapter, EventFeedExt, EventStoreExt, FeedQuery, FeedStart, ReadRange, StoreError, VerifyError,
    verify_stream,
};

/// A law that did not survive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("law {law} is broken: {what}")]
pub struct Broken {
    /// The law.
    pub law: &'static str,
    /// How, and what led there.
    pub what: String,
}

impl Broken {
    pub(crate) fn new(law: &'static str, what: impl Into<String>) -> Self {
        Self { law, what: what.into() }
    }

    /// The same, with what led there.
    pub(crate) fn after(self, context: impl std::fmt::Display) -> Self {
        Self { what: format!("{}\n{context}", self.what), ..self }
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::new("E02", format!("nothing is in the way any more, and the store fails: {error}"))
    }
}

/// Checks the whole store, through its ports, and answers all events in feed order.
///
/// # Errors
/// The first law found broken.
pub async fn check_store(store: &Adapter) -> Result<Vec<RecordedEvent>, Broken> {
    let start = store.feed.start(FeedStart::Beginning).await?;
    let (feed, _) = store.feed.read_to_end(&FeedQuery::all(), start.clone()).await?;
    let (again, _) = store.feed.read_to_end(&FeedQuery::all().limit(3), start).await?;
    if feed != again {
        return Err(Broken::new("F03", "the feed reads otherwise in pages of three"));
    }
    let mut streams: BTreeMap<&StreamId, Vec<&RecordedEvent>> = BTreeMap::new();
    let mut ids = HashSet::new();
    for event in &feed {
        let header = &event.header;
        if !ids.insert(header.id) {
            let (version, stream) = (header.version, &header.stream);
            return Err(Broken::new("F01", format!("event {version} of {stream} is in the feed twice")));
        }
        streams.entry(&header.stream).or_default().push(event);
    }
    for (stream, in_feed) in streams {
        verify_stream(store.events.as_ref(), stream).await.map_err(|error| broken_stream(&error))?;
        let events = store.events.read_all(stream, ReadRange::all()).await?;
        if !events.iter().eq(in_feed.iter().copied()) {
            let (found, versions) = (events.len(), versions(&in_feed));
            return Err(Broken::new(
                "F01",
                format!("{stream} holds {found} events, and the feed gives versions {versions:?} of it"),
            ));
        }
    }
    check_commits(&feed)?;
    Ok(feed)
}

fn broken_stream(error: &VerifyError) -> Broken {
    let law = match error {
        VerifyError::NotDense { .. } => "A04",
        VerifyError::StampsFall { .. } => "A10",
        VerifyError::Store(_) => "E02",
        _ => "A14",
    };
    Broken::new(law, error.to_string())
}

fn versions(events: &[&RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.header.version.get()).collect()
}

/// A01, A07: of each commit all events are there, or none.
fn check_commits(feed: &[RecordedEvent]) -> Result<(), Broken> {
    let mut commits: HashMap<CommitId, Vec<_>> = HashMap::new();
    for event in feed {
        commits.entry(event.header.commit.id).or_default().push(event.header.commit);
    }
    for (id, mut places) in commits {
        places.sort_unstable_by_key(|place| place.index);
        let is_whole = places.iter().enumerate().all(|(index, place)| {
            usize::from(place.index) == index && usize::from(place.size) == places.len()
        });
        if !is_whole {
            let (found, size) = (places.len(), places[0].size);
            return Err(Broken::new("A01", format!("of the {size} events of commit {id} there are {found}")));
        }
    }
    Ok(())
}
