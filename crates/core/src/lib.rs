//! The vocabulary of event sourcing, and its pure logic.
//!
//! A domain is written against this crate alone: an [`Aggregate`] decides which [`DomainEvent`]s happen and
//! folds them into its state. Here are also the words that every store shares: [`StreamId`], [`Version`],
//! [`StreamHead`], [`CommitId`], [`RecordedEvent`], the portable [`Json`] of payloads, the chained [`Digest`],
//! and the [`Upcasters`] that read old events as new ones.
//!
//! Nothing in this crate waits, reads a clock, or knows a database.

mod aggregate;
mod decode;
mod digest;
mod event;
mod event_set;
mod head;
mod identity;
pub mod json;
pub mod limits;
mod metadata;
mod one_line;
mod rehydrate;
mod stream;
mod time;
mod upcast;

pub use aggregate::{Aggregate, AggregateId, Context, Snapshotted};
pub use annals_macros::{DomainEvent, EventSet};
pub use decode::{DecodeError, DecodeReason, Decoded, decode_event};
pub use digest::{BodyDigest, Digest, DigestMismatch, EventBody, InvalidDigest, verify_link};
pub use event::{
    CommitPlace, DomainEvent, EventHeader, EventKind, EventType, InvalidEventType, Recorded, RecordedEvent,
};
pub use event_set::EventSet;
pub use head::StreamHead;
pub use identity::{CommitId, EventId, InvalidUuid, StoreId};
pub use json::{Json, NotPortable};
pub use limits::LimitExceeded;
pub use metadata::Metadata;
pub use rehydrate::Rehydrated;
pub use serde_json::Value;
pub use stream::{Category, InvalidStreamId, StreamId, Version};
pub use time::{InvalidTimestamp, Timestamp};
pub use upcast::{Upcast, UpcastError, Upcasters};

/// What the derives' expansions name. Not for use by hand: nothing here is covered by semantic versioning.
#[doc(hidden)]
pub mod __private {
    pub use serde;
    pub use serde_json;

    use serde::de::{DeserializeOwned, Error as _};

    use crate::Json;

    /// A payload as the struct of its fields. Serde would take a JSON array for one, too.
    ///
    /// # Errors
    /// When the payload is no object, or not of this shape.
    pub fn decode_object<T: DeserializeOwned>(payload: &Json) -> Result<T, serde_json::Error> {
        if payload.as_str().trim_ascii_start().starts_with('{') {
            payload.decode()
        } else {
            Err(serde_json::Error::custom("a payload must be a JSON object"))
        }
    }

    /// The error for a type that the enum does not have.
    pub fn unknown_event_type(event_type: &str) -> serde_json::Error {
        serde_json::Error::custom(format_args!("the enum has no event type {event_type:?}"))
    }

    /// Whether no two of `categories` are equal; evaluated while compiling an `EventSet`.
    pub const fn all_distinct(categories: &[&str]) -> bool {
        let mut left = 0;
        while left < categories.len() {
            let mut right = left + 1;
            while right < categories.len() {
                if equal(categories[left].as_bytes(), categories[right].as_bytes()) {
                    return false;
                }
                right += 1;
            }
            left += 1;
        }
        true
    }

    const fn equal(left: &[u8], right: &[u8]) -> bool {
        if left.len() != right.len() {
            return false;
        }
        let mut index = 0;
        while index < left.len() {
            if left[index] != right[index] {
                return false;
            }
            index += 1;
        }
        true
    }
}
