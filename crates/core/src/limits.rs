//! The limits of law A08: the same on every store, so that swapping a store never surprises. Sizes are bytes of
//! canonical JSON.

/// The most events in a commit.
pub const COMMIT_EVENTS_MAX: usize = 64;
/// The most streams in a commit.
pub const COMMIT_STREAMS_MAX: usize = 16;
/// The most bytes of payload and metadata in a commit.
pub const COMMIT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The most bytes of payload and metadata in an event.
pub const EVENT_BYTES_MAX: usize = 240 * 1024;
/// The most bytes of a view's row, or of a snapshot's state.
pub const ROW_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of an index value, or of a row's key.
pub const INDEX_VALUE_BYTES_MAX: usize = 512;
/// The most characters of a category.
pub const CATEGORY_MAX: usize = 64;
/// The most characters of the id in a stream's name.
pub const STREAM_ID_MAX: usize = 128;
/// The most characters of an event type.
pub const EVENT_TYPE_MAX: usize = 100;
/// The highest schema version.
pub const SCHEMA_VERSION_MAX: usize = 32_767;

/// A value outside its limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} is {actual} {unit}, allowed are {least} to {most}")]
pub struct LimitExceeded {
    /// Which limit.
    pub limit: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// The least that is allowed.
    pub least: usize,
    /// The most that is allowed.
    pub most: usize,
    /// What was found.
    pub actual: usize,
}

/// Checks that `actual` lies between `least` and `most`.
///
/// # Errors
/// The limit by name, and the value.
pub fn between(
    limit: &'static str,
    unit: &'static str,
    actual: usize,
    least: usize,
    most: usize,
) -> Result<(), LimitExceeded> {
    if (least..=most).contains(&actual) {
        Ok(())
    } else {
        Err(LimitExceeded { limit, unit, least, most, actual })
    }
}
