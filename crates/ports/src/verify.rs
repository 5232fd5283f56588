//! Verifying a stream: versions dense, stamps in order, digests whole (laws A04, A10, A14).

use annals_core::{Digest, DigestMismatch, RecordedEvent, StreamHead, StreamId, Version, verify_link};

use crate::{EventStore, ReadRange, StoreError};

/// A stream found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamVerdict {
    /// The stream.
    pub stream: StreamId,
    /// Its head; none when it has no events.
    pub head: Option<StreamHead>,
}

/// What is wrong with a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A version is missing or stands twice.
    #[error("{stream} is not dense: version {expected} should follow, {found} does")]
    NotDense {
        /// The stream.
        stream: StreamId,
        /// The version that should follow.
        expected: Version,
        /// The version that does.
        found: Version,
    },
    /// A stamp is earlier than its predecessor's.
    #[error("event {version} of {stream} was recorded before its predecessor")]
    StampsFall {
        /// The stream.
        stream: StreamId,
        /// The event with the earlier stamp.
        version: Version,
    },
    /// An event was changed.
    #[error(transparent)]
    Digest(#[from] DigestMismatch),
    /// The head that the store tells is not the stream's last event.
    #[error("the head of {stream} is not its last event")]
    WrongHead {
        /// The stream.
        stream: StreamId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a stream to its end and checks each event against its predecessor, and the head against the last one.
///
/// # Errors
/// The first thing found wrong.
pub async fn verify_stream<S: EventStore + ?Sized>(
    store: &S,
    stream: &StreamId,
) -> Result<StreamVerdict, VerifyError> {
    verify_stream_with(store, stream, |_| {}).await
}

/// The same, and hands on each event that was found to follow its predecessor, for whoever checks more of it.
///
/// # Errors
/// The first thing found wrong.
pub async fn verify_stream_with<S: EventStore + ?Sized>(
    store: &S,
    stream: &StreamId,
    mut each: impl FnMut(&RecordedEvent) + Send,
) -> Result<StreamVerdict, VerifyError> {
    let head = store.head(stream).await?;
    let mut last: Option<StreamHead> = None;
    let mut next = Some(ReadRange::between(Version::FIRST, StreamHead::version_of(head.as_ref())));
    while let Some(range) = next {
        let page = store.read_stream(stream, range).await?;
        for event in &page.events {
            last = Some(verify_next(last.as_ref(), event)?);
            each(event);
        }
        next = page.rest;
    }
    if last == head {
        Ok(StreamVerdict { stream: stream.clone(), head })
    } else {
        Err(VerifyError::WrongHead { stream: stream.clone() })
    }
}

fn verify_next(last: Option<&StreamHead>, event: &RecordedEvent) -> Result<StreamHead, VerifyError> {
    let header = &event.header;
    let expected = StreamHead::version_of(last).next();
    if header.version != expected {
        return Err(VerifyError::NotDense { stream: header.stream.clone(), expected, found: header.version });
    }
    if last.is_some_and(|last| header.recorded_at < last.recorded_at) {
        return Err(VerifyError::StampsFall { stream: header.stream.clone(), version: header.version });
    }
    let previous: Digest = StreamHead::digest_of(last);
    verify_link(&previous, event)?;
    Ok(StreamHead::of(header))
}
