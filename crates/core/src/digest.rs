//! Digests: a chain of SHA-256 along each stream, so that any edit of history shows (law A14).
//!
//! All integers are big-endian, every text is preceded by its length in bytes as a `u32`:
//!
//! ```text
//! body   = SHA-256( event id (16) ‖ commit id (16) ‖ index (u16) ‖ size (u16) ‖ type ‖ schema version (u16)
//!                   ‖ payload ‖ metadata )                          payload and metadata in canonical form
//! digest = SHA-256( predecessor's digest (32) ‖ stream ‖ version (u64) ‖ recorded_at (i64, µs) ‖ body (32) )
//! ```
//!
//! The first event's predecessor is 32 zero bytes. The two steps exist so that the large part can be hashed
//! before the place in the stream is known. SHA-256 is FIPS 180-4; the canonical form is
//! [`json`](crate::json)'s.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{CommitPlace, EventId, Json, NotPortable, RecordedEvent, StreamId, Timestamp, Version};

/// 32 bytes of SHA-256; as text 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first event of a stream is chained to.
    pub const ORIGIN: Self = Self([0; 32]);

    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of the event with `body` at this place, after an event with digest `self`.
    #[must_use]
    pub fn chain(
        &self,
        stream: &StreamId,
        version: Version,
        recorded_at: Timestamp,
        body: &BodyDigest,
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        text(&mut hash, stream.as_str());
        hash.update(version.get().to_be_bytes());
        hash.update(recorded_at.as_micros().to_be_bytes());
        hash.update(body.0);
        Self(hash.finalize().into())
    }
}

/// The digest of an event without its place; see the module's formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyDigest([u8; 32]);

/// What goes into an event's [`BodyDigest`]. Payload and metadata must be in canonical form, as
/// [`Json`]'s constructors give it.
#[derive(Clone, Copy, Debug)]
pub struct EventBody<'a> {
    /// The event's id.
    pub id: EventId,
    /// Its place in its commit.
    pub commit: CommitPlace,
    /// Its type.
    pub event_type: &'a str,
    /// Its payload's schema version.
    pub schema_version: u16,
    /// Its payload.
    pub payload: &'a Json,
    /// Its metadata.
    pub metadata: &'a Json,
}

impl EventBody<'_> {
    /// Hashes the body.
    pub fn digest(&self) -> BodyDigest {
        let mut hash = Sha256::new();
        hash.update(self.id.as_bytes());
        hash.update(self.commit.id.as_bytes());
        hash.update(self.commit.index.to_be_bytes());
        hash.update(self.commit.size.to_be_bytes());
        text(&mut hash, self.event_type);
        hash.update(self.schema_version.to_be_bytes());
        text(&mut hash, self.payload.as_str());
        text(&mut hash, self.metadata.as_str());
        BodyDigest(hash.finalize().into())
    }
}

fn text(hash: &mut Sha256, text: &str) {
    // Nothing hashed here is longer than an event's limit of 240 KiB.
    hash.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(text.as_bytes());
}

/// An event whose recorded digest is not what its contents and predecessor give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestMismatch {
    /// The event, or one before it, was changed after it was recorded.
    #[error(
        "event {version} of {stream} was changed after it was recorded: its digest is {recorded}, its contents \
         give {computed}"
    )]
    Changed {
        /// The stream.
        stream: StreamId,
        /// The event's place in it.
        version: Version,
        /// The digest as recorded.
        recorded: Digest,
        /// The digest that its contents give.
        computed: Digest,
    },
    /// Its JSON cannot even be read.
    #[error("event {version} of {stream} was changed after it was recorded: {reason}")]
    Unreadable {
        /// The stream.
        stream: StreamId,
        /// The event's place in it.
        version: Version,
        /// What is wrong with its payload or metadata.
        #[source]
        reason: NotPortable,
    },
}

/// Checks that `event`'s digest follows from its contents and `previous`, the digest of the event before it
/// ([`Digest::ORIGIN`] for the first).
///
/// # Errors
/// When the event, or one before it, was changed after it was recorded.
pub fn verify_link(previous: &Digest, event: &RecordedEvent) -> Result<(), DigestMismatch> {
    let header = &event.header;
    let canonical = |json: &Json| {
        json.canonical().map_err(|reason| DigestMismatch::Unreadable {
            stream: header.stream.clone(),
            version: header.version,
            reason,
        })
    };
    let body = EventBody {
        id: header.id,
        commit: header.commit,
        event_type: header.event_type.as_str(),
        schema_version: header.schema_version,
        payload: &canonical(&event.payload)?,
        metadata: &canonical(&header.metadata)?,
    };
    let computed = previous.chain(&header.stream, header.version, header.recorded_at, &body.digest());
    if computed == header.digest {
        Ok(())
    } else {
        Err(DigestMismatch::Changed {
            stream: header.stream.clone(),
            version: header.version,
            recorded: header.digest,
            computed,
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest: 64 hexadecimal digits are expected")]
pub struct InvalidDigest(String);

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || InvalidDigest(text.to_owned());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(fail());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let nibble = |digit: u8| char::from(digit).to_digit(16).ok_or_else(fail);
            *byte = u8::try_from(nibble(pair[0])? * 16 + nibble(pair[1])?).map_err(|_| fail())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}
