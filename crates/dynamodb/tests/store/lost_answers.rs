//! A commit whose answer is lost on the way, and the request that the store then makes again by itself: it is told from
//! a commit that another call had made (A06).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use annals_core::{CommitId, EventId, EventType, Json};
use annals_dynamodb::DynamoStore;
use annals_ports::{Append, Clock, Commit, EventStore, Expectation, NewEvent, ReadRange};
use annals_testkit::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::tables::Tables;

/// A line to the service that loses as many answers to writes as it is told to.
struct Line {
    url: String,
    to_lose: Arc<AtomicUsize>,
}

impl Line {
    async fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let to_lose = Arc::new(AtomicUsize::new(0));
        let server = endpoint.trim_start_matches("http://").to_owned();
        let losing = to_lose.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), losing.clone()));
            }
        });
        Self { url, to_lose }
    }
}

/// Carries one connection; cuts it between a write and its answer while answers are to be lost.
async fn carry(mut client: TcpStream, server: String, to_lose: Arc<AtomicUsize>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_write = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(length @ 1..) => {
                    let text = String::from_utf8_lossy(&asked[..length]).into_owned();
                    if text.starts_with("POST") {
                        is_write = text.contains(".PutItem") || text.contains(".TransactWriteItems");
                    }
                    if server.write_all(&asked[..length]).await.is_err() { return }
                }
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(length @ 1..) => {
                    let lose = |left: usize| left.checked_sub(1);
                    if is_write && to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_ok() {
                        return;
                    }
                    if client.write_all(&answered[..length]).await.is_err() { return }
                }
                _ => return,
            },
        }
    }
}

fn events(count: usize) -> Vec<NewEvent> {
    let event = || NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").expect("valid"),
        schema_version: 1,
        payload: Json::parse(r#"{"number":1}"#).expect("portable"),
        metadata: Json::empty(),
    };
    (0..count).map(|_| event()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_store_repeats_by_itself_is_no_repetition_to_its_caller() {
    let tables = Tables::new().await;
    let line = Line::to(tables.server.endpoint()).await;
    let clock = ManualClock::at_present();
    let options = tables.through(&line.url).indexer(false);
    let options = options.clock(Arc::new(clock.clone()));
    let store = DynamoStore::open(options.clone()).await.expect("the line stands");
    let commit = |stream: &str, expected, count| {
        let append = Append::new(stream.parse().expect("a stream"), expected, events(count));
        Commit::new(CommitId::new(), vec![append]).expect("within the limits")
    };
    let refusal = Json::parse(r#"{"reason":"sold out"}"#).expect("portable");
    let cases = [
        commit("order-1", Expectation::NoStream, 1),
        commit("order-2", Expectation::NoStream, 3),
        commit("order-1", Expectation::Any, 1),
        commit("order-1", Expectation::Exists, 2),
        Commit::refusal(CommitId::new(), refusal).expect("a short reason"),
        Commit::unchanged(CommitId::new()),
    ];
    for value in cases {
        for lost in [1, 0, 2, 0] {
            // A process that knows nothing of the stream tries to write, too.
            let store = DynamoStore::open(options.clone()).await.expect("the line stands");
            line.to_lose.store(lost, Ordering::SeqCst);
            let receipt = store.commit(value.clone()).await;
            let receipt = receipt.unwrap_or_else(|error| panic!("{}: {error}", value.doing()));
            assert_eq!(line.to_lose.load(Ordering::SeqCst), 0, "{}: answers are left", value.doing());
            let is_first = lost == 1;
            assert_eq!(receipt.replayed, !is_first, "{}, {lost} answers lost", value.doing());
            clock.set(clock.now().plus(std::time::Duration::from_micros(1)));
        }
    }
    let page = store.read_stream(&"order-1".parse().expect("a stream"), ReadRange::all()).await;
    assert_eq!(page.expect("it can be read").events.len(), 4);
}
