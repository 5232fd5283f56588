//! Feed readers that read along: pages of random sizes, resumed at random from any position that anybody was given,
//! which is passed on as text (law F04). When all is over, the rest is read from several of those places.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_core::RecordedEvent;
use annals_ports::{Adapter, FeedPage, FeedPosition, FeedQuery, FeedStart, StoreError};
use fastrand::Rng;

use super::feed::{FeedHistory, Page};

/// Places from which the rest is read when all is over.
const LAST_PLACES: usize = 10;

/// What all readers were given. Clones share it.
#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    pages: Mutex<Vec<(String, Vec<RecordedEvent>, String)>>,
    /// Positions as text; the first is the beginning.
    places: Mutex<Vec<String>>,
    is_over: AtomicBool,
    one_order: bool,
}

impl Readers {
    pub(super) async fn new(store: &Adapter) -> Result<Self, StoreError> {
        let beginning = store.feed.start(FeedStart::Beginning).await?;
        let one_order = beginning.slices_in(store.store)?.len() <= 1;
        let shared = Shared {
            pages: Mutex::default(),
            places: Mutex::new(vec![beginning.to_string()]),
            is_over: AtomicBool::new(false),
            one_order,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Nobody writes any more: whoever reaches the end stops there.
    pub(super) fn end(&self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
    }

    /// Reads until all is over and the end is reached. Failures are tried again.
    pub(super) async fn read_along(self, store: Adapter, mut rng: Rng) {
        let mut at = self.place(0);
        loop {
            let was_over = self.shared.is_over.load(Ordering::SeqCst);
            let query = FeedQuery::all().limit(rng.usize(1..=9));
            let wait = Duration::from_micros(rng.u64(0..2_000));
            let Ok(page) = store.feed.next(&query, &position(&at), wait).await else {
                tokio::task::yield_now().await;
                continue;
            };
            if was_over && page.at_end {
                self.note(&at, page);
                return;
            }
            let is_empty = page.events.is_empty();
            at = self.note(&at, page);
            if rng.u8(..8) == 0 {
                at = self.any_place(&mut rng);
            } else if is_empty {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Reads to the end from the beginning and from some of the places that were given.
    pub(super) async fn read_the_rest(&self, store: &Adapter, rng: &mut Rng) -> Result<(), StoreError> {
        for place in 0..LAST_PLACES {
            let mut at = if place == 0 { self.place(0) } else { self.any_place(rng) };
            loop {
                let query = FeedQuery::all().limit(rng.usize(1..=50));
                let page = store.feed.next(&query, &position(&at), Duration::ZERO).await?;
                let at_end = page.at_end;
                at = self.note(&at, page);
                if at_end {
                    break;
                }
            }
        }
        Ok(())
    }

    /// What the readers were given, over streams of these versions.
    pub(super) fn history(&self, heads: BTreeMap<String, u64>) -> FeedHistory {
        let pages = self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut numbers = HashMap::from([(self.place(0), 0)]);
        let mut unused = 1..;
        let mut number = |place: &String| {
            // There are more numbers than positions.
            *numbers.entry(place.clone()).or_insert_with(|| unused.next().unwrap_or(u32::MAX))
        };
        let given = |event: &RecordedEvent| (event.header.stream.to_string(), event.header.version.get());
        let pages = pages.iter().map(|(from, events, to)| Page {
            from: number(from),
            events: events.iter().map(given).collect(),
            to: number(to),
        });
        FeedHistory { one_order: self.shared.one_order, heads, pages: pages.collect() }
    }

    /// Keeps a page that moved on; answers the place after it.
    fn note(&self, from: &str, page: FeedPage) -> String {
        let to = page.next.to_string();
        if to != from || !page.events.is_empty() {
            self.shared.places.lock().unwrap_or_else(PoisonError::into_inner).push(to.clone());
            let page = (from.to_owned(), page.events, to.clone());
            self.shared.pages.lock().unwrap_or_else(PoisonError::into_inner).push(page);
        }
        to
    }

    fn place(&self, index: usize) -> String {
        self.shared.places.lock().unwrap_or_else(PoisonError::into_inner)[index].clone()
    }

    fn any_place(&self, rng: &mut Rng) -> String {
        let places = self.shared.places.lock().unwrap_or_else(PoisonError::into_inner);
        places[rng.usize(..places.len())].clone()
    }
}

fn position(text: &str) -> FeedPosition {
    text.parse().unwrap_or_else(|error| panic!("law F04 is broken: {error}"))
}
