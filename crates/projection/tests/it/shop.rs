//! A store with histories of the little domain in it, and random histories to fill it with.

use std::collections::BTreeMap;
use std::fmt::Debug;

use annals_core::{CommitId, DomainEvent, EventId, EventType, Json, Metadata, RecordedEvent, StreamId};
use annals_memory::MemoryStore;
use annals_ports::{
    Adapter, Append, Commit, EventFeedExt, EventStoreExt, Expectation, FeedQuery, FeedStart, NewEvent,
    ReadRange,
};
use annals_projection::{Fold, Projection, RunnerOptions};
use proptest::prelude::*;

use crate::sales::{OrderEvent, PaymentEvent, Sales, WeatherEvent, order};

pub(crate) struct Shop {
    pub(crate) adapter: Adapter,
}

/// Events by stream, each in order, and the order in which the streams take turns.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) streams: Vec<(StreamId, Vec<NewEvent>)>,
    pub(crate) turns: Vec<usize>,
}

pub(crate) fn new_event<E: DomainEvent>(event: &E) -> NewEvent {
    NewEvent::encode(event, &Metadata::new()).unwrap()
}

pub(crate) fn created(customer: &str, total: i64) -> OrderEvent {
    OrderEvent::Created { customer: customer.to_owned(), total }
}

pub(crate) fn refunded(order: &str, amount: i64) -> PaymentEvent {
    PaymentEvent::Refunded { order: order.to_owned(), amount }
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self { adapter: MemoryStore::new().adapter() }
    }

    pub(crate) async fn with(history: &History) -> Self {
        let shop = Self::new();
        let mut next = vec![0; history.streams.len()];
        for stream in &history.turns {
            let (id, events) = &history.streams[*stream];
            shop.append(id, events[next[*stream]].clone()).await;
            next[*stream] += 1;
        }
        shop
    }

    pub(crate) async fn append(&self, stream: &StreamId, mut event: NewEvent) {
        event.id = EventId::new();
        let append = Append::new(stream.clone(), Expectation::Any, vec![event]);
        self.adapter.events.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }

    pub(crate) async fn order(&self, id: &str, event: OrderEvent) {
        self.append(&order(id), new_event(&event)).await;
    }

    pub(crate) async fn payment(&self, id: &str, event: PaymentEvent) {
        self.append(&StreamId::new("payment", id).unwrap(), new_event(&event)).await;
    }

    pub(crate) async fn weather(&self) {
        self.append(&StreamId::new("weather", "berlin").unwrap(), new_event(&WeatherEvent::Changed {})).await;
    }

    /// An event as no program of today writes it.
    pub(crate) async fn strange(&self, stream: &str, event_type: &str) {
        let event = NewEvent {
            id: EventId::new(),
            event_type: EventType::new(event_type).unwrap(),
            schema_version: 1,
            payload: Json::empty(),
            metadata: Json::empty(),
        };
        self.append(&stream.parse().unwrap(), event).await;
    }

    pub(crate) async fn stream(&self, stream: &StreamId) -> Vec<RecordedEvent> {
        self.adapter.events.read_all(stream, ReadRange::all()).await.unwrap()
    }

    /// The rows that the pure fold over the feed gives: what every runner must come to.
    pub(crate) async fn folded<P: Projection<Event = Sales, Row: Clone>>(
        &self,
        projection: P,
    ) -> BTreeMap<P::Key, P::Row> {
        let start = self.adapter.feed.start(FeedStart::Beginning).await.unwrap();
        let (events, _) = self.adapter.feed.read_to_end(&FeedQuery::all(), start).await.unwrap();
        let mut fold = Fold::new(projection);
        for event in events.iter().filter(|event| event.header.stream.category() != "weather") {
            fold.push(event).unwrap();
        }
        fold.rows().clone()
    }
}

/// The rows of a view.
pub(crate) async fn rows<P: Projection>(view: &annals_projection::View<P>) -> BTreeMap<P::Key, P::Row> {
    view.all(annals_ports::RowQuery::all().limit(3)).await.unwrap().into_iter().collect()
}

pub(crate) fn pages_of(page_size: usize) -> RunnerOptions {
    RunnerOptions { page_size, ..RunnerOptions::default() }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Some orders of few customers, payments of those orders and of some that never come, and foreign events.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    let order_event = prop_oneof![
        (1..50_i64).prop_map(|amount| OrderEvent::Paid { amount }),
        (1..50_i64).prop_map(|total| OrderEvent::Voided { total }),
    ];
    let order_stream =
        (0..3_u8, 1..50_i64, prop::collection::vec(order_event, 0..4)).prop_map(|(c, total, more)| {
            let first = created(&format!("customer-{c}"), total);
            std::iter::once(first).chain(more).map(|event| new_event(&event)).collect::<Vec<_>>()
        });
    let payment_event = prop_oneof![
        (0..6_u8).prop_map(|o| PaymentEvent::Requested { order: o.to_string() }),
        (0..6_u8, 1..50_i64).prop_map(|(o, amount)| refunded(&o.to_string(), amount)),
        (1..50_i64).prop_map(|fee| PaymentEvent::Settled { fee }),
    ];
    let payment_stream = prop::collection::vec(payment_event.prop_map(|event| new_event(&event)), 1..4);
    let weather = prop::collection::vec(Just(new_event(&WeatherEvent::Changed {})), 0..3);
    let streams = (
        prop::collection::vec(order_stream, 1..5),
        prop::collection::vec(payment_stream, 0..5),
        weather,
        any::<u64>(),
    );
    streams.prop_map(|(orders, payments, weather, seed)| {
        let orders = orders.into_iter().enumerate().map(|(id, events)| (order(&id.to_string()), events));
        let payments = payments.into_iter().enumerate();
        let payments =
            payments.map(|(id, events)| (StreamId::new("payment", &id.to_string()).unwrap(), events));
        let weather = std::iter::once((StreamId::new("weather", "berlin").unwrap(), weather));
        let streams: Vec<_> = orders.chain(payments).chain(weather).collect();
        let mut turns: Vec<_> =
            streams.iter().enumerate().flat_map(|(place, (_, events))| vec![place; events.len()]).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut turns);
        History { streams, turns }
    })
}
