//! Reading on for whoever is far behind: all readers are at work on parts of the feed, asked for in advance. Positions are
//! dense, so it is known where each part begins; which event it begins behind is seen when it comes, and a part that does not
//! follow the one before is never given (law F09).

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::Ordering;

use annals_core::EventId;
use annals_ports::{FeedPage, FeedPages, FeedPosition, FeedQuery, SlicePosition, StoreError};
use async_trait::async_trait;
use rusqlite::Connection;

use crate::SqliteStore;
use crate::feed::{Scanned, at, scan};
use crate::rows::{Names, count, integer};

/// Positions that a part has: enough to be worth a transaction, few enough that readers can be at several.
const POSITIONS: usize = 1_000;
/// Parts that are asked for beyond those that readers are at.
const QUEUED: usize = 2;
/// Smaller pages are read one by one: who wants such is in no hurry.
const PAGE_MIN: usize = POSITIONS;

/// The pages of somebody who catches up.
pub(crate) struct Catching<'a> {
    store: &'a SqliteStore,
    query: &'a FeedQuery,
    position: FeedPosition,
    /// Parts by where they begin, in order, each where the one before should end.
    asked: VecDeque<(u64, Answer<'a>)>,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Part, StoreError>> + Send + 'a>>;

/// What came of a part.
struct Part {
    /// The event that it begins behind.
    behind: Option<EventId>,
    scanned: Scanned,
}

impl<'a> Catching<'a> {
    pub(crate) fn up(store: &'a SqliteStore, query: &'a FeedQuery, after: FeedPosition) -> Self {
        Self { store, query, position: after, asked: VecDeque::new() }
    }

    /// Asks for as many parts as the readers should have before them, as far as the feed is known to reach.
    fn ask(&mut self, start: &SlicePosition) {
        let shared = &self.store.shared;
        let parts_max = shared.options.reader_threads + QUEUED;
        if self.query.page_size() < PAGE_MIN || shared.options.reader_threads == 1 {
            return;
        }
        let size = POSITIONS as u64;
        let end = count(shared.met.load(Ordering::Relaxed));
        let mut next = self.asked.back().map_or(start.place, |(begin, _)| begin + size);
        while self.asked.len() < parts_max && next + size <= end {
            self.asked.push_back((next, self.part(next)));
            next += size;
        }
    }

    fn part(&self, begin: u64) -> Answer<'a> {
        let query = self.query.clone();
        let read = move |connection: &Connection, names: &mut Names| {
            let behind = at(connection, integer(begin))?.map(|place| place.event);
            let scanned = scan(connection, names, &query, begin, [POSITIONS, POSITIONS])?;
            Ok(Part { behind, scanned })
        };
        Box::pin(self.store.shared.readers.read(|| "reading the feed".to_owned(), read))
    }
}

#[async_trait]
impl FeedPages for Catching<'_> {
    async fn next(&mut self) -> Result<FeedPage, StoreError> {
        let start = self.position.single_in(self.store.shared.id)?;
        self.ask(&start);
        let page = match self.asked.pop_front() {
            Some((begin, part)) if begin == start.place => {
                let part = part.await?;
                // At the beginning there is no event to begin behind.
                (part.behind == start.event).then(|| part.scanned.into_page(self.store.shared.id, &start))
            }
            _ => None,
        };
        let page = match page {
            Some(page) if page.next != self.position => page,
            // The end is near; or a part was cut short, or belongs to another history. One reader finds out.
            _ => {
                self.asked.clear();
                self.store.page(self.query, &self.position).await?
            }
        };
        self.position.clone_from(&page.next);
        Ok(page)
    }
}
