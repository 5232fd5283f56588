//! Views against the executable specification: random batches, crashes after any write, lost answers, runners that were
//! overtaken and write late, resets. After every step each read of the port gives what the store in memory gives.
//!
//! `ANNALS_SEED` repeats one run.

use std::collections::BTreeSet;
use std::time::Duration;

use annals_core::EventId;
use annals_memory::MemoryStore;
use annals_ports::{
    Acquired, Adapter, Lease, Leases, Parked, Route, RowChange, ViewError, ViewId, ViewStore,
};
use fastrand::Rng;

use crate::item::Attributes;
use crate::place::Place;
use crate::tables::Table;
use crate::view_seen::Seen;
use crate::view_tests::{delete_tables, endpoint, open, prefix};
use crate::view_work::{KEYS, STREAMS, Work, index, json, parked, stream};
use crate::{DynamoStore, view_sweep};

const LEASE: &str = "view";

/// A store in DynamoDB, open in two processes, and what it should be.
struct World {
    endpoint: String,
    prefix: String,
    stores: Vec<DynamoStore>,
    memory: Adapter,
    views: [ViewId; 3],
    rng: Rng,
    /// Who runs, where, and whose turn it was.
    lease: Lease,
    at: usize,
    owners: u64,
    place: u64,
    log: Vec<String>,
}

impl World {
    async fn new(endpoint: &str, seed: u64) -> Self {
        let prefix = prefix();
        let stores = vec![open(endpoint, &prefix).await, open(endpoint, &prefix).await];
        let memory = MemoryStore::new().adapter();
        let views = [ViewId::new("orders", 1), ViewId::new("orders", 2), ViewId::new("o#d.d", 1)];
        let lease =
            Lease { name: String::new(), owner: String::new(), token: 0, until: stores[0].database().now() };
        let mut world = Self {
            endpoint: endpoint.to_owned(),
            prefix,
            stores,
            memory,
            views,
            rng: Rng::with_seed(seed),
            lease,
            at: 0,
            owners: 0,
            place: 0,
            log: Vec::new(),
        };
        for store in &world.stores {
            store.database().trap.lose_one_in(12);
        }
        world.take_over().await;
        world
    }

    /// Another owner takes the lease, in either process.
    async fn take_over(&mut self) {
        self.owners += 1;
        self.at = self.rng.usize(0..self.stores.len());
        let owner = format!("runner-{}", self.owners);
        let ours = self.stores[self.at]
            .acquire(LEASE, &owner, Duration::ZERO)
            .await
            .expect("leases can be asked for");
        let theirs = self.memory.leases.acquire(LEASE, &owner, Duration::ZERO).await.expect("so here");
        let (Acquired::Granted(ours), Acquired::Granted(theirs)) = (ours, theirs) else {
            panic!("a lease of no time is free")
        };
        assert_eq!((ours.token, &ours.owner), (theirs.token, &theirs.owner));
        self.lease = ours;
        self.log.push(format!("{owner} takes over in process {}", self.at));
    }

    /// A batch of the runner that holds the lease, from where a view stands.
    async fn work(&mut self) -> Work {
        let view = self.rng.choice(&self.views).expect("some").clone();
        let state = self.memory.views.state(&view).await.expect("states can be read");
        let from = state.as_ref().map(|state| {
            let position = state.checkpoint.position.single_in(self.memory.store).expect("its own");
            (position.place, position.event.expect("an event"))
        });
        let rng = &mut self.rng;
        let mut keys: Vec<&str> = KEYS.into();
        rng.shuffle(&mut keys);
        keys.truncate(rng.usize(0..=KEYS.len()));
        let change = |key: &str, rng: &mut Rng| match rng.u8(0..10) {
            0..4 => RowChange::delete(key.to_owned()).expect("a key"),
            _ => RowChange::put(key.to_owned(), json(rng), index(rng)).expect("within the limits"),
        };
        let mut waiting = Vec::new();
        for awaits in STREAMS.map(|stream| stream.parse().expect("a stream")) {
            waiting.extend(self.memory.views.parked(&view, &[awaits]).await.expect("so here"));
        }
        let unpark =
            (0..rng.usize(0..3)).filter_map(|_| rng.choice(&waiting).cloned().or_else(|| Some(parked(rng))));
        let unpark: BTreeSet<_> = unpark.map(|p| (p.awaits, p.stream, p.version)).collect();
        let unpark =
            unpark.into_iter().map(|(awaits, stream, version)| Parked { awaits, stream, version }).collect();
        self.place += rng.u64(1..4);
        let to = Place { batch: self.place, index: rng.u16(0..9) };
        Work {
            view,
            lease: self.lease.clone(),
            from,
            to: (to.number(), EventId::new()),
            events: rng.u64(..1_000),
            changes: keys.into_iter().map(|key| change(key, rng)).collect(),
            routes: (0..rng.usize(0..3))
                .map(|_| Route { stream: stream(rng), key: (*rng.choice(&KEYS).expect("some")).to_owned() })
                .collect(),
            park: (0..rng.usize(0..3)).map(|_| parked(rng)).collect(),
            unpark,
        }
    }

    /// What an answer of the store means for the one in memory: the same, or nothing.
    async fn settle(&mut self, work: &Work, answer: Result<(), ViewError>) {
        match answer {
            Err(ViewError::Store(_)) => {
                if !self.is_written(work).await {
                    self.log.push("  nothing came of it".to_owned());
                }
            }
            answer => {
                let expected = self.memory.views.apply(work.batch(&self.memory)).await;
                self.log.push(format!("  {answer:?}"));
                assert_eq!(kind(&answer), kind(&expected), "{:#?}", self.log);
            }
        }
    }

    /// Whether a batch was written whose answer is not known; then it is in memory, too.
    async fn is_written(&mut self, work: &Work) -> bool {
        let state = self.stores[0].state(&work.view).await.expect("states can be read");
        let place = state
            .map(|state| state.checkpoint.position.single_in(self.stores[0].id()).expect("its own").place);
        let is_written = place == Some(work.to.0);
        if is_written {
            self.log.push("  it is written".to_owned());
            self.memory.views.apply(work.batch(&self.memory)).await.expect("it was written there");
        }
        is_written
    }

    async fn apply(&mut self, work: &Work) {
        self.log.push(format!("process {}: {work}", self.at));
        let store = self.stores[self.at].clone();
        let answer = store.apply(work.batch(&store.adapter())).await;
        self.settle(work, answer).await;
    }

    async fn step(&mut self) {
        match self.rng.u8(0..20) {
            0..8 => {
                let work = self.work().await;
                self.apply(&work).await;
            }
            8..12 => self.crash().await,
            12..14 => self.take_over().await,
            14..17 => self.stray().await,
            17 => {
                let view = self.rng.choice(&self.views).expect("some").clone();
                self.log.push(format!("process {}: reset {view}", self.at));
                let ours = self.stores[self.at].reset(&view, &self.lease).await;
                let theirs = self.memory.views.reset(&view, &self.lease).await;
                assert_eq!(kind(&ours), kind(&theirs), "{:#?}", self.log);
            }
            18 => {
                // From elsewhere, or under a lease that was lost.
                let mut work = self.work().await;
                if self.rng.bool() {
                    work.from = Some((Place { batch: 1 << 30, index: 0 }.number(), EventId::new()));
                } else {
                    work.lease.token -= 1;
                }
                self.apply(&work).await;
            }
            _ => {
                self.log.push("a process is started anew".to_owned());
                let place = self.rng.usize(0..self.stores.len());
                self.stores[place] = open(&self.endpoint, &self.prefix).await;
                self.stores[place].database().trap.lose_one_in(12);
            }
        }
    }

    /// The process dies after some writes; then the same batch comes again, or another one.
    async fn crash(&mut self) {
        let work = self.work().await;
        let writes = self.rng.usize(0..14);
        self.log.push(format!("process {} dies after {writes} writes", self.at));
        self.stores[self.at].database().trap.die_after(writes);
        self.apply(&work).await;
        self.stores[self.at].database().trap.clear();
        if self.rng.bool() {
            self.compare(&work.view).await;
            self.log.push("the same batch again".to_owned());
            self.apply(&work).await;
        }
    }

    /// A runner stands still in the middle of a batch; another one takes over, under a lease of its own or the same one,
    /// and goes on; then the first one goes on, too.
    async fn stray(&mut self) {
        let work = self.work().await;
        let (writes, late) = (self.rng.usize(0..14), self.at);
        self.log.push(format!("process {late} stands still after {writes} writes: {work}"));
        let store = self.stores[late].clone();
        let mut trap = store.database().trap.stand_after(writes);
        let batch = work.batch(&store.adapter());
        let mut standing = tokio::spawn(async move { store.apply(batch).await });
        let answered = tokio::select! {
            answer = &mut standing => Some(answer),
            () = trap.stands() => None,
        };
        if let Some(answer) = answered {
            self.stores[late].database().trap.clear();
            return self.settle(&work, answer.expect("it does not panic")).await;
        }
        // It may be past its checkpoint, and only be tidying up.
        let is_written = self.is_written(&work).await;
        self.compare(&work.view).await;
        // The other one is another process, which is not in the way of the first.
        let other = open(&self.endpoint, &self.prefix).await;
        let mut slow = std::mem::replace(&mut self.stores[late], other);
        if self.rng.bool() {
            self.take_over().await;
        }
        for _ in 0..self.rng.usize(1..4) {
            let mut next = self.work().await;
            next.view = work.view.clone();
            let state = self.memory.views.state(&work.view).await.expect("states can be read");
            next.from = state.map(|state| {
                let position = state.checkpoint.position.single_in(self.memory.store).expect("its own");
                (position.place, position.event.expect("an event"))
            });
            if self.rng.bool() {
                next.changes.truncate(1);
            }
            self.apply(&next).await;
            self.compare(&work.view).await;
        }
        self.log.push("it goes on".to_owned());
        trap.go_on();
        let answer = standing.await.expect("it does not panic");
        if !is_written {
            self.settle(&work, answer).await;
        }
        slow.database().trap.clear();
        std::mem::swap(&mut self.stores[late], &mut slow);
    }

    /// Every read of the port gives the same here and there.
    async fn compare(&mut self, view: &ViewId) {
        let process = self.rng.usize(0..self.stores.len());
        let (ours, theirs) = (self.stores[process].adapter(), self.memory.clone());
        let rng = &mut self.rng;
        let log = &self.log;
        let seen = [Seen::of(&ours, view, rng.clone()).await, Seen::of(&theirs, view, rng.clone()).await];
        assert_eq!(seen[0], seen[1], "{view} in process {process} after {log:#?}");
        rng.u64(..);
    }
}

impl World {
    /// Every view is dropped and swept: what is left is the views' own items, and the lease.
    async fn nothing_is_left_after_a_reset(&self) {
        let store = &self.stores[self.at];
        for view in &self.views {
            store.reset(view, &self.lease).await.expect("the lease is held");
        }
        view_sweep::sweep(store.database()).await.expect("what was dropped can be swept");
        let found =
            store.database().scan(Table::Views, (0, 1), &["Part"], None).await.expect("it can be scanned");
        let left = found.items.iter().map(|item| item.text("Part").expect("a key").to_owned());
        let left: Vec<_> = left.filter(|part| !part.starts_with('$')).collect();
        assert!(left.is_empty(), "{left:?} after {:#?}", self.log);
    }
}

fn kind(answer: &Result<(), ViewError>) -> &'static str {
    match answer {
        Ok(()) => "done",
        Err(ViewError::LeaseLost { .. }) => "lease lost",
        Err(ViewError::CheckpointMoved { .. }) => "checkpoint moved",
        Err(_) => "another error",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_what_the_specification_says() {
    let endpoint = endpoint().await;
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let seeds = match std::env::var("ANNALS_SEED") {
        Ok(seed) => vec![seed.parse().expect("a number")],
        Err(_) => (1..=number("ANNALS_SEEDS", 4)).collect::<Vec<u64>>(),
    };
    for seed in seeds {
        eprintln!("seed {seed}");
        let mut world = World::new(&endpoint, seed).await;
        for _ in 0..number("ANNALS_STEPS", 25) {
            world.step().await;
            for view in world.views.clone() {
                world.compare(&view).await;
            }
        }
        world.nothing_is_left_after_a_reset().await;
        delete_tables(&world.stores[0]).await;
    }
}
