//! Checking history alone: every stream against its digests, and the feed against the streams (laws A04, A10, A14, F01).
//!
//! Reads only, and may run while others write: what is added meanwhile is no fault. The whole store, with what was made of
//! its history, is checked by `check`.

use annals::application::HistoryCheck;
use annals::ports::{Adapter, Finding, StoreError};

/// What was checked, and what was found wrong.
#[derive(Debug, Default)]
pub struct Verification {
    /// Streams read.
    pub streams: u64,
    /// Events read, in the streams.
    pub events: u64,
    /// What is wrong; the first fault of each damaged stream.
    pub faults: Vec<Finding>,
}

/// Reads the whole feed, and every stream that it names; `on_progress` is told of the events and streams read so far.
///
/// # Errors
/// When the store fails. What is wrong with what it holds is no error here, but a [`Finding`].
pub async fn verify(
    adapter: &Adapter,
    on_progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Verification, StoreError> {
    let check = HistoryCheck::new(adapter.clone());
    let checked = check.run(&mut |progress| on_progress(progress.events, progress.streams)).await?;
    let faults = checked.findings.kept().to_vec();
    Ok(Verification { streams: checked.streams, events: checked.events, faults })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use annals::ports::{
        CheckedPart, Commit, CommitError, EventFeed, EventStore, FeedHealth, FeedPage, FeedPosition,
        FeedQuery, FeedStart, ReadRange, Receipt, StreamPage, TypePage, TypeQuery,
    };
    use annals::{Json, Metadata, StreamHead, StreamId};
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

    /// A feed that skips the event at this place.
    struct Skipping(Arc<dyn EventFeed>, usize);

    #[async_trait]
    impl EventFeed for Skipping {
        async fn next(
            &self,
            query: &FeedQuery,
            after: &FeedPosition,
            wait: Duration,
        ) -> Result<FeedPage, StoreError> {
            let mut page = self.0.next(query, after, wait).await?;
            if self.1 < page.events.len() {
                page.events.remove(self.1);
            }
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
        let faults = found.faults.iter();
        let faults: Vec<_> = faults.map(|fault| (fault.part, fault.place())).collect();
        let expected = ["inventory-A v2", "inventory-B v2"].map(|at| (CheckedPart::Digests, at.to_owned()));
        assert_eq!(faults, expected);
    }

    #[tokio::test]
    async fn an_event_that_the_feed_skips_is_found() {
        let problems = [
            (0, "inventory-A v1: the feed gives version 2 after version 0; restore a backup"),
            (3, "inventory-B v2: the feed ends at version 1 of the stream, which has 2; restore a backup"),
        ];
        for (place, problem) in problems {
            let mut adapter = two_streams().await;
            adapter.feed = Arc::new(Skipping(adapter.feed, place));
            let found = verify(&adapter, &mut |_, _| {}).await.unwrap();
            let faults: Vec<_> = found.faults.iter().map(ToString::to_string).collect();
            assert_eq!(faults, [problem]);
        }
    }
}
