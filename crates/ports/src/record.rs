//! Recording an append, and recognising one that is recorded already: the same arithmetic for every adapter.

use annals_core::{EventHeader, RecordedEvent, StreamHead, Timestamp};

use crate::{Appended, Commit, PreparedAppend};

/// The stamp of the next event after `head` when the clock says `now`: never earlier than the head's, even when
/// the clock stepped back (law A10).
pub fn stamp(head: Option<&StreamHead>, now: Timestamp) -> Timestamp {
    head.map_or(now, |head| head.recorded_at.max(now))
}

/// The events of `append` as they are recorded after `head` at `recorded_at`: versions dense (law A04), digests
/// chained (A14).
pub fn record_append(
    append: &PreparedAppend,
    head: Option<&StreamHead>,
    recorded_at: Timestamp,
) -> (Vec<RecordedEvent>, Appended) {
    let first = StreamHead::version_of(head).next();
    let mut last = StreamHead {
        version: StreamHead::version_of(head),
        recorded_at,
        digest: StreamHead::digest_of(head),
    };
    let mut recorded = Vec::with_capacity(append.events.len());
    for prepared in &append.events {
        last.version = last.version.next();
        last.digest = last.digest.chain(&append.stream, last.version, recorded_at, &prepared.body);
        recorded.push(RecordedEvent {
            header: EventHeader {
                id: prepared.event.id,
                stream: append.stream.clone(),
                version: last.version,
                event_type: prepared.event.event_type.clone(),
                schema_version: prepared.event.schema_version,
                recorded_at,
                commit: prepared.commit,
                metadata: prepared.event.metadata.clone(),
                digest: last.digest,
            },
            payload: prepared.event.payload.clone(),
        });
    }
    (recorded, Appended { stream: append.stream.clone(), first, head: last })
}

/// Whether `recorded`, the events standing under the commit's id in commit order, are what `commit` would record:
/// streams, types, schema versions and payloads; not metadata or ids (law A06). Gives the first stream that
/// differs.
///
/// # Errors
/// The first stream at which the two differ.
pub fn same_events(commit: &Commit, recorded: &[RecordedEvent]) -> Result<(), Option<annals_core::StreamId>> {
    let mut found = recorded.iter();
    for append in commit.appends() {
        for prepared in &append.events {
            let new = &prepared.event;
            let same = found.next().is_some_and(|old| {
                old.header.stream == append.stream
                    && old.header.event_type == new.event_type
                    && old.header.schema_version == new.schema_version
                    && old.payload == new.payload
            });
            if !same {
                return Err(Some(append.stream.clone()));
            }
        }
    }
    found.next().map_or(Ok(()), |more| Err(Some(more.header.stream.clone())))
}
