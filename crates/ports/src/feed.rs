//! The feed: every committed event once, in an order in which each stream's versions rise. Laws F.

use std::time::Duration;

use annals_core::{Category, EventType, RecordedEvent, Timestamp};
use async_trait::async_trait;

use crate::{FeedPosition, Receipt, StoreError};

/// Where events are followed across streams.
#[async_trait]
pub trait EventFeed: Send + Sync {
    /// The next events after `after`, or none once `wait` has passed. Never skips one (law F01).
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError>;

    /// The pages that [`next`](Self::next) gives one after another without a wait, for whoever is far behind: a store
    /// may be at work on several of them at once.
    fn pages<'a>(&'a self, query: &'a FeedQuery, after: FeedPosition) -> Box<dyn FeedPages + 'a> {
        Box::new(OneByOne { feed: self, query, position: after })
    }

    /// A position to start from.
    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError>;

    /// The position of the last event that a commit recorded; none for a refusal, or while the feed has not come
    /// that far.
    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError>;

    /// How the feed is doing.
    async fn health(&self) -> Result<FeedHealth, StoreError>;
}

/// Pages of a feed, each of which begins where the one before ended.
#[async_trait]
pub trait FeedPages: Send {
    /// The next page; after the one at the end, what has come since.
    async fn next(&mut self) -> Result<FeedPage, StoreError>;
}

/// Pages as they are asked for.
struct OneByOne<'a, F: ?Sized> {
    feed: &'a F,
    query: &'a FeedQuery,
    position: FeedPosition,
}

#[async_trait]
impl<F: EventFeed + ?Sized> FeedPages for OneByOne<'_, F> {
    async fn next(&mut self) -> Result<FeedPage, StoreError> {
        let page = self.feed.next(self.query, &self.position, Duration::ZERO).await?;
        self.position.clone_from(&page.next);
        Ok(page)
    }
}

/// Which events of the feed to give, and how many at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedQuery {
    /// Which events.
    pub filter: FeedFilter,
    /// The most events in a page; 0 for the store's own measure (about 2,000).
    pub limit: usize,
}

/// Which events of the feed to give. What lists nothing lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedFilter {
    /// The categories wanted; all when empty.
    pub categories: Vec<Category>,
    /// The types wanted; all when empty.
    pub event_types: Vec<EventType>,
}

impl FeedFilter {
    /// Whether an event passes the filter.
    pub fn lets_through(&self, event: &RecordedEvent) -> bool {
        let header = &event.header;
        (self.categories.is_empty()
            || self.categories.iter().any(|category| category.as_str() == header.stream.category()))
            && (self.event_types.is_empty() || self.event_types.contains(&header.event_type))
    }
}

impl FeedQuery {
    /// Events a page when the query does not say.
    pub const DEFAULT_LIMIT: usize = 2_000;

    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// The events of these categories.
    pub fn categories(categories: Vec<Category>) -> Self {
        Self { filter: FeedFilter { categories, event_types: Vec::new() }, limit: 0 }
    }

    /// The events of these types.
    #[must_use]
    pub fn event_types(mut self, event_types: Vec<EventType>) -> Self {
        self.filter.event_types = event_types;
        self
    }

    /// In pages of at most `limit` events.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The limit that counts.
    pub fn page_size(&self) -> usize {
        if self.limit == 0 { Self::DEFAULT_LIMIT } else { self.limit }
    }
}

/// Where to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedStart {
    /// Before the first event.
    Beginning,
    /// After the last event committed by now.
    End,
    /// At a place from which on every event recorded at this instant or later is delivered; earlier ones may be,
    /// too.
    Time(Timestamp),
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The events that pass the filter, in feed order.
    pub events: Vec<RecordedEvent>,
    /// The position after everything that was scanned, what was filtered out included (law F06).
    pub next: FeedPosition,
    /// Whether the page reached the end of the feed as it was.
    pub at_end: bool,
}

/// How a feed is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedHealth {
    /// The last position that a reader can reach now.
    pub end: FeedPosition,
    /// When the last event in the feed was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// Writers that hold readers back (law F07).
    pub holds: Vec<WriterHold>,
    /// Anything a person should look at, in words.
    pub warnings: Vec<String>,
}

/// A writer that holds readers back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterHold {
    /// Its process, as the store names it.
    pub process: String,
    /// Its application's name, as far as the store knows it.
    pub application: String,
    /// For how long it has been holding.
    pub age: Duration,
}

/// What every follower wants of a feed, written once.
#[async_trait]
pub trait EventFeedExt: EventFeed {
    /// Everything from `after` to the end as it is when reached, and the position after it.
    async fn read_to_end(
        &self,
        query: &FeedQuery,
        after: FeedPosition,
    ) -> Result<(Vec<RecordedEvent>, FeedPosition), StoreError> {
        let mut events = Vec::new();
        let mut pages = self.pages(query, after);
        loop {
            let page = pages.next().await?;
            events.extend(page.events);
            if page.at_end {
                return Ok((events, page.next));
            }
        }
    }
}

impl<F: EventFeed + ?Sized> EventFeedExt for F {}
