//! Reading ahead: a task of its own asks for the next pages of the feed while the ones before are worked on, so that
//! neither waits for the other as long as there is something to do for both.

use std::panic::resume_unwind;
use std::sync::Arc;

use annals_ports::{EventFeed, FeedPage, FeedPosition, FeedQuery, StoreError};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;

/// Pages that have come and were not taken yet; the task holds one more.
const WAITING_MAX: usize = 2;

/// The feed's pages from a position to the end as it is when it is reached.
pub(crate) struct Ahead {
    pages: Receiver<Result<FeedPage, StoreError>>,
    reading: JoinHandle<()>,
}

impl Ahead {
    /// Begins to read what comes after `position`.
    pub(crate) fn begin(feed: &Arc<dyn EventFeed>, query: FeedQuery, position: FeedPosition) -> Self {
        let feed = Arc::clone(feed);
        let (taken, pages) = channel(WAITING_MAX);
        let reading = tokio::spawn(async move {
            let mut pages = feed.pages(&query, position);
            loop {
                let page = pages.next().await;
                let is_last = page.as_ref().map_or(true, |page| page.at_end);
                let is_wanted = taken.send(page).await.is_ok();
                if is_last || !is_wanted {
                    return;
                }
            }
        });
        Self { pages, reading }
    }

    /// Waits for the next page; none after the one at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<FeedPage, StoreError>> {
        let page = self.pages.recv().await;
        if page.is_none()
            && let Err(error) = (&mut self.reading).await
        {
            // A feed that panicked has not ended.
            resume_unwind(error.into_panic());
        }
        page
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
