//! Reading ahead: the next page of the feed is asked for while the one before is worked on, so that a store with threads
//! or a network of its own is not idle meanwhile. One page ahead, never more; what is not wanted any more is dropped.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use annals_ports::{EventFeed, FeedPage, FeedPosition, FeedQuery, StoreError};

/// A page that was asked for.
pub(crate) enum Ahead<'a> {
    /// It came at once.
    Arrived(Result<FeedPage, StoreError>),
    /// The store is at it.
    Asked(Pin<Box<dyn Future<Output = Result<FeedPage, StoreError>> + Send + 'a>>),
}

impl<'a> Ahead<'a> {
    /// Asks for what comes after `position`, and does not wait for it.
    pub(crate) async fn ask(feed: &'a dyn EventFeed, query: &'a FeedQuery, position: FeedPosition) -> Self {
        let mut page = Box::pin(async move { feed.next(query, &position, Duration::ZERO).await });
        // Polled once, which hands the request in.
        poll_fn(|context| {
            Poll::Ready(match page.as_mut().poll(context) {
                Poll::Ready(page) => Some(page),
                Poll::Pending => None,
            })
        })
        .await
        .map_or_else(|| Self::Asked(page), Self::Arrived)
    }

    /// Waits for it.
    pub(crate) async fn page(self) -> Result<FeedPage, StoreError> {
        match self {
            Self::Arrived(page) => page,
            Self::Asked(page) => page.await,
        }
    }
}
