//! Readers of the feed in processes of their own, killed at any moment, and gone on with from the last position that
//! came through the pipe.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use annals::Store;
use annals::ports::{FeedPosition, FeedQuery};
use annals::postgres::{PostgresOptions, PostgresStore};

use crate::child::{self, Running};

const URL: &str = "ANNALS_TEST_STORE";
const POSITION: &str = "ANNALS_TEST_POSITION";
const BEGINNING: &str = "beginning";

const READERS: usize = 4;

/// How long a reader may stand still before it is thought to have seen all that it will.
const STILL: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct Seen {
    position: String,
    events: Vec<String>,
    last: Instant,
}

struct Reader {
    running: Running,
    listening: JoinHandle<()>,
    seen: Arc<Mutex<Seen>>,
}

pub(crate) struct Readers {
    name: String,
    url: String,
    each: Vec<Reader>,
    next: usize,
}

impl Readers {
    pub(crate) fn start(name: &str, url: &str) -> Self {
        let mut readers = Self { name: name.to_owned(), url: url.to_owned(), each: Vec::new(), next: 0 };
        for _ in 0..READERS {
            let seen = Seen { position: BEGINNING.to_owned(), events: Vec::new(), last: Instant::now() };
            let reader = readers.resume(Arc::new(Mutex::new(seen)));
            readers.each.push(reader);
        }
        readers
    }

    fn resume(&self, seen: Arc<Mutex<Seen>>) -> Reader {
        let mut command = child::command(&self.name, "reader");
        command.env(URL, &self.url).env(POSITION, &seen.lock().unwrap().position);
        let (running, lines) = Running::start(command);
        let notes = seen.clone();
        let listening = std::thread::spawn(move || {
            for line in lines {
                let mut words = line.split(' ').map(str::to_owned);
                let mut seen = notes.lock().unwrap();
                seen.position = words.next().unwrap();
                seen.events.extend(words);
                seen.last = Instant::now();
            }
        });
        Reader { running, listening, seen }
    }

    pub(crate) fn kill_and_resume_one(&mut self) {
        // The first is never killed: it holds its connections over the server's end.
        self.next = 1 + self.next % (READERS - 1);
        let Reader { running, listening, seen } = self.each.remove(self.next);
        running.kill();
        listening.join().unwrap();
        let resumed = self.resume(seen);
        self.each.insert(self.next, resumed);
    }

    /// Waits until each has seen so many events, or none comes any more; what each has seen.
    pub(crate) async fn end(self, events: usize) -> Vec<Vec<String>> {
        for reader in &self.each {
            while {
                let seen = reader.seen.lock().unwrap();
                seen.events.len() < events && seen.last.elapsed() < STILL
            } {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        // Whatever comes once too often comes now.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let ended = self.each.into_iter().map(|Reader { running, listening, seen }| {
            running.kill();
            listening.join().unwrap();
            Arc::into_inner(seen).unwrap().into_inner().unwrap().events
        });
        ended.collect()
    }
}

/// What a reader's process does until it is killed: a line for each page, with where it ends and what it holds.
pub(crate) async fn read_on() {
    child::end_on_panic();
    let options = PostgresOptions::from_url(&child::given::<String>(URL)).unwrap();
    let store = loop {
        match PostgresStore::open(options.clone()).await {
            Ok(store) => break Store::new(store.adapter()),
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut position = match child::given::<String>(POSITION).as_str() {
        BEGINNING => FeedPosition::beginning(store.adapter().store),
        text => text.parse().unwrap(),
    };
    loop {
        let query = FeedQuery::all().limit(fastrand::usize(1..150));
        match store.adapter().feed.next(&query, &position, Duration::from_millis(200)).await {
            Ok(page) if page.events.is_empty() => position = page.next,
            Ok(page) => {
                let mut line = page.next.to_string();
                for event in &page.events {
                    line.push(' ');
                    line.push_str(&event.header.id.to_string());
                }
                child::say(&line);
                position = page.next;
            }
            Err(error) => {
                assert!(error.is_transient(), "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
