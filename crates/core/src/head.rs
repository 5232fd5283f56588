//! A stream's head: proof, as a store told it, that a version exists.

use serde::{Deserialize, Serialize};

use crate::{Digest, EventHeader, Timestamp, Version};

/// A stream's last version with its stamp and digest, as a store told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamHead {
    /// The last version; at least 1.
    pub version: Version,
    /// When the last event was recorded.
    pub recorded_at: Timestamp,
    /// The last event's digest: equal digests mean equal streams (law A14).
    pub digest: Digest,
}

impl StreamHead {
    /// The head of a stream whose last event has this header.
    pub fn of(last: &EventHeader) -> Self {
        Self { version: last.version, recorded_at: last.recorded_at, digest: last.digest }
    }

    /// The version of a stream with this head, 0 for one without.
    pub fn version_of(head: Option<&Self>) -> Version {
        head.map_or(Version::NONE, |head| head.version)
    }

    /// The digest that the next event's is chained to.
    pub fn digest_of(head: Option<&Self>) -> Digest {
        head.map_or(Digest::ORIGIN, |head| head.digest)
    }
}
