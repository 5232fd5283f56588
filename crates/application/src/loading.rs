//! From a stream to a state: what is cached and the delta, else a snapshot and its tail, else the whole stream.
//! Promises the same state whichever way it takes (law S01), and that a gap in what the store hands back is an
//! error. Decides nothing and writes nothing, but has a snapshot replaced that it had to pass over.

use std::ops::ControlFlow;
use std::sync::Arc;

use annals_core::{Aggregate, Decoded, RecordedEvent, Rehydrated, StreamHead, StreamId, Version};
use annals_ports::{EventStore, ReadRange, StoreError};

use crate::snapshots::Candidate;
use crate::{AsOf, LoadError, Repository};

/// A state read without the cache.
pub(crate) struct Cold<A> {
    pub(crate) state: Arc<Rehydrated<A>>,
    /// The version of the snapshot that it was read through; 0 without one.
    base: Version,
    /// Whether a snapshot was found that had to be passed over.
    replace_snapshot: bool,
}

impl<A: Aggregate> Repository<A> {
    /// A state that was the stream's head after this call began.
    pub(crate) async fn fresh(&self, stream: &StreamId) -> Result<Arc<Rehydrated<A>>, LoadError> {
        match self.cache().get(stream) {
            Some(known) => self.catch_up(stream, known).await,
            None => self.load_latest(stream).await,
        }
    }

    /// The same from a known state, reading only the delta.
    pub(crate) async fn catch_up(
        &self,
        stream: &StreamId,
        known: Arc<Rehydrated<A>>,
    ) -> Result<Arc<Rehydrated<A>>, LoadError> {
        let version = known.version();
        match self.extend(stream, known, AsOf::Latest).await {
            Ok(Some(state)) => {
                if state.version() > version {
                    self.cache().put(stream, &state);
                }
                Ok(state)
            }
            Ok(None) => self.reload(stream).await,
            Err(error) => {
                if matches!(error, LoadError::Decode(_)) {
                    self.cache().remove(stream);
                }
                Err(error)
            }
        }
    }

    /// The same when what is known was found not to be a beginning of the stream.
    pub(crate) async fn reload(&self, stream: &StreamId) -> Result<Arc<Rehydrated<A>>, LoadError> {
        tracing::warn!(%stream, "the history of a cached state was replaced, reading the stream again");
        self.cache().remove(stream);
        self.load_latest(stream).await
    }

    /// The state as of then, without what lies beyond it.
    pub(crate) async fn state_as_of(
        &self,
        stream: &StreamId,
        as_of: AsOf,
    ) -> Result<Rehydrated<A>, LoadError> {
        let known = self.cache().get(stream).filter(|known| admits(as_of, known.head.as_ref()));
        if let Some(known) = known {
            // What is known is as far as can be asked: nothing that is read could change it.
            let extended = match range(known.version(), as_of) {
                Some(_) => self.extend(stream, known, as_of).await?,
                None => Some(known),
            };
            match extended {
                Some(state) => return Ok(Arc::unwrap_or_clone(state)),
                None => self.cache().remove(stream),
            }
        }
        Ok(Arc::unwrap_or_clone(self.load_cold(stream, as_of).await?.state))
    }

    async fn load_latest(&self, stream: &StreamId) -> Result<Arc<Rehydrated<A>>, LoadError> {
        let Cold { state, base, replace_snapshot } = self.load_cold(stream, AsOf::Latest).await?;
        match self.snapshots() {
            // S02, S03: what was passed over is replaced.
            Some(snapshots) if replace_snapshot => {
                self.cache().put(stream, &state);
                snapshots.replace(stream, &state);
            }
            _ => self.remember(stream, base, &state),
        }
        Ok(state)
    }

    async fn load_cold(&self, stream: &StreamId, as_of: AsOf) -> Result<Cold<A>, LoadError> {
        let candidate = match self.snapshots() {
            Some(snapshots) => snapshots.find(stream, as_of).await,
            None => Candidate::None,
        };
        let replace_snapshot = match candidate {
            Candidate::Usable(snapshot, head) => {
                let known = Arc::new(Rehydrated::new(snapshot, Some(head)));
                if let Some(state) = self.extend(stream, known, as_of).await? {
                    return Ok(Cold { state, base: head.version, replace_snapshot: false });
                }
                tracing::warn!(%stream, version = %head.version, "passed over a snapshot that is not of this history");
                true
            }
            Candidate::PassedOver => true,
            Candidate::None => false,
        };
        // Nothing is a beginning of every stream.
        let state = self.extend(stream, Arc::default(), as_of).await?.unwrap_or_default();
        Ok(Cold { state, base: Version::NONE, replace_snapshot })
    }

    /// Folds into `known` what the stream holds after it, as far as `as_of`. None when it is not a beginning of the
    /// stream: the snapshot is of another history, or history was replaced, by a restore perhaps.
    ///
    /// The tail is read from the known version inclusive: its last event proves that this is the stream that the state
    /// was folded from (C01, S03).
    async fn extend(
        &self,
        stream: &StreamId,
        mut known: Arc<Rehydrated<A>>,
        as_of: AsOf,
    ) -> Result<Option<Arc<Rehydrated<A>>>, LoadError> {
        let head = known.head;
        let mut stands = head.is_none();
        if let Some(range) = range(known.version().previous(), as_of) {
            fold(self.events(), stream, range, |event| {
                if !stands {
                    stands = head == Some(head_of(event));
                    return Ok(if stands { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
                }
                if !admits(as_of, Some(&head_of(event))) {
                    return Ok(ControlFlow::Break(()));
                }
                apply_next(Arc::make_mut(&mut known), stream, event)?;
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        }
        Ok(stands.then_some(known))
    }
}

/// Reads a range page by page, and hands on each event until it is told to stop. While a page is worked on the next is
/// read.
pub(crate) async fn fold(
    store: &dyn EventStore,
    stream: &StreamId,
    range: ReadRange,
    mut each: impl FnMut(&RecordedEvent) -> Result<ControlFlow<()>, LoadError> + Send,
) -> Result<(), LoadError> {
    let mut page = store.read_stream(stream, range).await?;
    while let Some(rest) = page.rest {
        // The request is handed in first; then there is time to fold.
        let folding = async { fold_page(&page.events, &mut each) };
        let (next, folded) = tokio::join!(store.read_stream(stream, rest), folding);
        if folded?.is_break() {
            return Ok(());
        }
        page = next?;
    }
    fold_page(&page.events, &mut each).map(drop)
}

fn fold_page(
    events: &[RecordedEvent],
    each: &mut impl FnMut(&RecordedEvent) -> Result<ControlFlow<()>, LoadError>,
) -> Result<ControlFlow<()>, LoadError> {
    for event in events {
        if each(event)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Folds in the event that must come next.
pub(crate) fn apply_next<A: Aggregate>(
    state: &mut Rehydrated<A>,
    stream: &StreamId,
    event: &RecordedEvent,
) -> Result<Decoded<A::Event>, LoadError> {
    let (expected, found) = (state.version().next(), event.header.version);
    if expected != found {
        // A04: a state with a hole in its history must not be.
        return Err(LoadError::Store(StoreError::Damaged {
            doing: format!("reading {stream}"),
            detail: format!("version {expected} should follow, {found} does"),
        }));
    }
    Ok(state.apply(event)?)
}

fn head_of(event: &RecordedEvent) -> StreamHead {
    let header = &event.header;
    StreamHead { version: header.version, recorded_at: header.recorded_at, digest: header.digest }
}

/// What comes after version `after`, as far as it can matter; none when nothing can.
fn range(after: Version, as_of: AsOf) -> Option<ReadRange> {
    let last = match as_of {
        AsOf::Version(version) => version,
        AsOf::Latest | AsOf::Time(_) => Version::MAX,
    };
    (after < last).then(|| ReadRange::between(after.next(), last))
}

/// Whether a stream with this head is all within `as_of`. By A11 what is recorded up to an instant is a prefix.
pub(crate) fn admits(as_of: AsOf, head: Option<&StreamHead>) -> bool {
    match (as_of, head) {
        (AsOf::Latest, _) | (_, None) => true,
        (AsOf::Version(version), Some(head)) => head.version <= version,
        (AsOf::Time(instant), Some(head)) => head.recorded_at <= instant,
    }
}
