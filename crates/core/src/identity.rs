//! Ids of events, commits and stores: UUIDs of version 7, whose first bits are the time they were made, so that
//! neighbours in time are neighbours in an index.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}: a UUID is expected, for example 0190b9a4-7c3e-7d52-8f4a-1c2d3e4f5a6b")]
pub struct InvalidUuid {
    what: &'static str,
    text: String,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, made from the machine's clock and randomness (UUID version 7).
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id with these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Its 16 bytes, which sort as the ids do.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = InvalidUuid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidUuid { what: $what, text: text.to_owned() })
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// One event's id, unique everywhere; buses deduplicate by it.
    EventId,
    "event id"
);
uuid_id!(
    /// One commit's id: what makes committing the same value again safe (law A06), and a decision once-only (A12).
    CommitId,
    "commit id"
);
uuid_id!(
    /// One store's id, drawn when it is created; positions and page tokens carry it (law R06).
    StoreId,
    "store id"
);

impl CommitId {
    /// The id that `key` always gives (the first 16 bytes of its SHA-256, as a UUID of version 8): for commands
    /// that arrive with a key of their own, such as a request id or an import line.
    ///
    /// ```
    /// use annals_core::CommitId;
    /// assert_eq!(CommitId::from_key("invoice 536365"), CommitId::from_key("invoice 536365"));
    /// ```
    pub fn from_key(key: &str) -> Self {
        use sha2::{Digest as _, Sha256};
        let hash = Sha256::digest(key.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}
