//! What a commit expects of a stream, and how that is checked (laws A02 and A03).

use std::fmt;

use annals_core::{StreamHead, StreamId, Version};

/// What must hold of a stream for an append to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It has no events.
    NoStream,
    /// Its head is this one, as a store told it.
    Head(StreamHead),
    /// It has exactly so many events.
    Exact(Version),
    /// It has events.
    Exists,
    /// Nothing.
    Any,
}

/// An expectation that does not hold. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("conflict at {stream}: expected {expected}, found {}", Actual(actual.as_ref()))]
pub struct Conflict {
    /// The stream.
    pub stream: StreamId,
    /// What was expected of it.
    pub expected: Expectation,
    /// Its actual head; none when it has no events.
    pub actual: Option<StreamHead>,
}

impl Expectation {
    /// What a reader who saw `head` expects: that nothing was added since.
    pub fn unchanged(head: Option<StreamHead>) -> Self {
        head.map_or(Self::NoStream, Self::Head)
    }

    /// Checks the expectation against the stream's actual head.
    ///
    /// # Errors
    /// The conflict, when it does not hold.
    pub fn check(&self, stream: &StreamId, actual: Option<&StreamHead>) -> Result<(), Box<Conflict>> {
        let holds = match self {
            Self::Any => true,
            Self::Exists => actual.is_some(),
            Self::NoStream => actual.is_none(),
            // A03: equality, so that a version beyond the head conflicts, too.
            Self::Exact(version) => StreamHead::version_of(actual) == *version,
            Self::Head(head) => actual == Some(head),
        };
        if holds {
            Ok(())
        } else {
            Err(Box::new(Conflict { stream: stream.clone(), expected: *self, actual: actual.copied() }))
        }
    }

    /// The version that the first event of an append has under this expectation, when it alone decides that.
    pub fn place(&self) -> Option<Version> {
        match self {
            Self::NoStream => Some(Version::FIRST),
            Self::Head(head) => Some(head.version.next()),
            Self::Exact(version) => Some(version.next()),
            Self::Exists | Self::Any => None,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStream => f.write_str("no events"),
            Self::Head(head) => write!(f, "version {} ({})", head.version, short(head)),
            Self::Exact(version) => write!(f, "version {version}"),
            Self::Exists => f.write_str("events"),
            Self::Any => f.write_str("anything"),
        }
    }
}

struct Actual<'a>(Option<&'a StreamHead>);

impl fmt::Display for Actual<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(head) => write!(f, "version {} ({})", head.version, short(head)),
            None => f.write_str("no events"),
        }
    }
}

fn short(head: &StreamHead) -> String {
    let mut digest = head.digest.to_string();
    digest.truncate(8);
    digest
}
