//! How a runner works.

use std::time::Duration;

use annals_ports::FeedQuery;

/// How a runner works. The defaults suit a server.
///
/// ```
/// use annals_projection::RunnerOptions;
///
/// let options = RunnerOptions { page_size: 500, ..RunnerOptions::default() };
/// assert_eq!(options.lease.as_secs(), 15);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerOptions {
    /// The most events that are written as one while there are more to come; 16,000 unless said otherwise, and for 0. A
    /// row that changes with several of them is written once. What has come to the end of the feed is written at once.
    pub page_size: usize,
    /// How long the lease lasts without being renewed, 15 s: a runner that dies is replaced after that.
    pub lease: Duration,
    /// Who runs, as others are told; the process's id and a random number. Two runners must not share it.
    pub owner: String,
    /// The longest single wait for new events while following, 5 s. A new event ends the wait.
    pub wait: Duration,
    /// How long `catch_up` and `rebuild` wait for another runner's lease before they give up, 1 s: enough for
    /// another one that only catches up.
    pub patience: Duration,
    /// How much of the view is kept in memory between pages, in bytes of rows; 64 MiB.
    pub cache_bytes: usize,
}

impl RunnerOptions {
    /// Events that are written as one: several pages of the feed.
    const PAGE_SIZE: usize = 8 * FeedQuery::DEFAULT_LIMIT;

    /// The most events that are written as one.
    pub(crate) fn page_size(&self) -> usize {
        if self.page_size == 0 { Self::PAGE_SIZE } else { self.page_size }
    }

    /// The most events that are asked of the feed at once.
    pub(crate) fn feed_page_size(&self) -> usize {
        self.page_size().min(FeedQuery::DEFAULT_LIMIT)
    }
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            page_size: Self::PAGE_SIZE,
            lease: Duration::from_secs(15),
            owner: format!("process {} ({:08x})", std::process::id(), fastrand::u32(..)),
            wait: Duration::from_secs(5),
            patience: Duration::from_secs(1),
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}
