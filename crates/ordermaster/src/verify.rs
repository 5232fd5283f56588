//! Checking a whole store: every stream against its digests, and the feed against the streams (laws A04, A10, A14, F01).
//!
//! Reads only, and may run while others write: what is added meanwhile is no fault.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::ports::{Adapter, FeedQuery, FeedStart, StoreError, VerifyError, verify_stream};
use annals::{StreamId, Version};

/// What was checked, and what was found wrong.
#[derive(Debug, Default)]
pub struct Verification {
    /// Streams read.
    pub streams: u64,
    /// Events read, in the streams.
    pub events: u64,
    /// What is wrong; at most one fault a stream.
    pub faults: Vec<Fault>,
}

/// What is wrong with a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The stream itself.
    #[error(transparent)]
    Stream(VerifyError),
    /// The feed does not give the stream's events as the stream does.
    #[error("the feed gave {found} events of {stream} up to version {last}; the stream holds {held}")]
    Feed {
        /// The stream.
        stream: StreamId,
        /// How many of its events the feed gave.
        found: u64,
        /// The last version that the feed gave.
        last: Version,
        /// Events in the stream.
        held: u64,
    },
}

/// Reads the whole feed, then every stream that it named; `on_progress` is told of the events and streams read so far.
///
/// # Errors
/// When the store fails. What is wrong with what it holds is no error here, but a [`Fault`].
pub async fn verify(
    adapter: &Adapter,
    on_progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Verification, StoreError> {
    let in_feed = events_by_stream(adapter, on_progress).await?;
    let mut verification = Verification::default();
    for (stream, (found, last)) in in_feed {
        verification.streams += 1;
        match verify_stream(adapter.events.as_ref(), &stream).await {
            Ok(verdict) => {
                let held = verdict.head.map_or(0, |head| head.version.get());
                verification.events += held;
                // F01; the stream may have grown since the feed was read.
                if found != last.get() || held < found {
                    verification.faults.push(Fault::Feed { stream, found, last, held });
                }
            }
            Err(VerifyError::Store(error)) => return Err(error),
            Err(error) => verification.faults.push(Fault::Stream(error)),
        }
        on_progress(verification.events, verification.streams);
    }
    Ok(verification)
}

/// How many events of each stream the feed gives, and the last version of each.
async fn events_by_stream(
    adapter: &Adapter,
    on_progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<BTreeMap<StreamId, (u64, Version)>, StoreError> {
    let mut streams = BTreeMap::<StreamId, (u64, Version)>::new();
    let mut events = 0;
    let mut position = adapter.feed.start(FeedStart::Beginning).await?;
    loop {
        let page = adapter.feed.next(&FeedQuery::all(), &position, Duration::ZERO).await?;
        events += page.events.len() as u64;
        for event in page.events {
            let (found, last) = streams.entry(event.header.stream).or_default();
            *found += 1;
            *last = event.header.version;
        }
        on_progress(events, 0);
        if page.at_end {
            return Ok(streams);
        }
        position = page.next;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use annals::ports::{
        Commit, CommitError, EventFeed, EventStore, FeedHealth, FeedPage, FeedPosition, ReadRange, Receipt,
        StreamPage, TypePage, TypeQuery,
    };
    use annals::{Json, Metadata, StreamHead};
    use async_trait::async_trait;
    use ordermaster_domain::{InventoryCommand, Quantity, Sku};

    use super::*;
    use crate::app::OrderMaster;

    /// A store in which somebody edited the second event of every stream.
    struct Edited(Arc<dyn EventStore>);

    #[async_trait]
    impl EventStore for Edited {
        async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
            self.0.commit(commit).await
        }
        async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
            let mut page = self.0.read_stream(stream, range).await?;
            if let Some(event) = page.events.get_mut(1) {
                event.payload = Json::as_stored(r#"{"quantity":9}"#);
            }
            Ok(page)
        }
        async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
            self.0.head(stream).await
        }
        async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
            self.0.read_by_type(query).await
        }
    }

    /// A feed that skips the first event.
    struct Skipping(Arc<dyn EventFeed>);

    #[async_trait]
    impl EventFeed for Skipping {
        async fn next(
            &self,
            query: &FeedQuery,
            after: &FeedPosition,
            wait: Duration,
        ) -> Result<FeedPage, StoreError> {
            let mut page = self.0.next(query, after, wait).await?;
            page.events.remove(0);
            Ok(page)
        }
        async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
            self.0.start(from).await
        }
        async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
            self.0.locate(receipt).await
        }
        async fn health(&self) -> Result<FeedHealth, StoreError> {
            self.0.health().await
        }
    }

    /// A store in memory with two articles, two events each.
    async fn two_streams() -> Adapter {
        let shop = OrderMaster::open("memory:").await.unwrap();
        let receive = InventoryCommand::Receive { quantity: Quantity::ONE };
        for sku in ["A", "A", "B", "B"] {
            shop.inventory().execute(&Sku::new(sku).unwrap(), &receive, Metadata::new()).await.unwrap();
        }
        shop.store().adapter().clone()
    }

    #[tokio::test]
    async fn a_whole_store_has_no_faults() {
        let found = verify(&two_streams().await, &mut |_, _| {}).await.unwrap();
        assert_eq!((found.streams, found.events, found.faults.len()), (2, 4, 0));
    }

    #[tokio::test]
    async fn an_edited_event_is_found_in_every_stream() {
        let mut adapter = two_streams().await;
        adapter.events = Arc::new(Edited(adapter.events));
        let found = verify(&adapter, &mut |_, _| {}).await.unwrap();
        assert!(matches!(
            found.faults[..],
            [Fault::Stream(VerifyError::Digest(_)), Fault::Stream(VerifyError::Digest(_))]
        ));
    }

    #[tokio::test]
    async fn an_event_that_the_feed_skips_is_found() {
        let mut adapter = two_streams().await;
        adapter.feed = Arc::new(Skipping(adapter.feed));
        let found = verify(&adapter, &mut |_, _| {}).await.unwrap();
        let faults: Vec<_> = found.faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults, ["the feed gave 1 events of inventory-A up to version 2; the stream holds 2"]);
    }
}
