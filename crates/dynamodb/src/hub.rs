//! The hub of a store's feed in this process, shared by all its handles: the end of the feed, the task that keeps the feed where
//! it holds the lease, and the task that reads on for those who wait.
//!
//! It ends with the last handle. Its tasks live in the runtime of whoever came first; when that has ended, or stands still, the
//! next call starts them anew in its own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use annals_core::StoreId;
use annals_ports::Appended;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::database::Database;
use crate::fault::Fault;
use crate::indexer;
use crate::tail::{Keeping, Tail};
use crate::unseen::Unseen;

/// Between looks at the end of the feed for those who wait, at first and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// A sign of life is given so often, and missed after so long.
const BEAT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// For how long a process that ends looks after the feed.
const CLOSING: Duration = Duration::from_secs(3);

/// A store, in this process: its tables and its id.
type Key = (String, StoreId);

/// What is known of a store's feed in this process.
#[derive(Default)]
struct Slot {
    hub: Weak<Hub>,
    /// What the hub before had committed and not seen.
    left: Option<Unseen>,
}

fn registry() -> MutexGuard<'static, HashMap<Key, Slot>> {
    static REGISTRY: LazyLock<Mutex<HashMap<Key, Slot>>> = LazyLock::new(Mutex::default);
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The hub.
pub(crate) struct Hub {
    pub(crate) tail: Arc<Tail>,
    key: Key,
    /// As what it takes the lease of the feed.
    owner: String,
    flags: Arc<Flags>,
    placed: OnceCell<()>,
}

/// What the hub tells its tasks, and they it.
struct Flags {
    is_closed: watch::Sender<bool>,
    is_keeper: AtomicBool,
    /// Whether the right to keep the feed is given back at the end, though handles are left.
    gives_back: AtomicBool,
    running: Mutex<Running>,
}

/// The tasks that run.
#[derive(Default)]
struct Running {
    /// Rises with each start.
    generation: u64,
    /// The last sign of life; none when they have ended.
    beat: Option<Instant>,
    keeping: Option<JoinHandle<()>>,
}

/// A task's part in the hub's life.
pub(crate) struct Life {
    flags: Arc<Flags>,
    key: Key,
    generation: u64,
}

impl Hub {
    /// The hub of a store, with its tasks at work.
    pub(crate) async fn of(database: &Arc<Database>) -> Result<Arc<Self>, Fault> {
        let key = (database.options.location(), database.id);
        let hub = {
            let mut registry = registry();
            let slot = registry.entry(key.clone()).or_default();
            slot.hub.upgrade().unwrap_or_else(|| {
                let unseen = slot.left.take().unwrap_or_default();
                let hub = Arc::new(Self::new(database, key, indexer::owner().to_owned(), unseen));
                slot.hub = Arc::downgrade(&hub);
                hub
            })
        };
        if database.options.indexer && !hub.flags.is_keeper.swap(true, Ordering::AcqRel) {
            hub.tail.keep(Keeping::NotYet);
        }
        hub.placed.get_or_try_init(|| hub.tail.place()).await?;
        hub.run();
        Ok(hub)
    }

    /// A hub beside the one that the process shares.
    pub(crate) fn new(database: &Arc<Database>, key: Key, owner: String, unseen: Unseen) -> Self {
        let flags = Flags {
            is_closed: watch::Sender::new(false),
            is_keeper: AtomicBool::new(database.options.indexer),
            gives_back: AtomicBool::new(false),
            running: Mutex::default(),
        };
        let tail = Arc::new(Tail::new(database, unseen));
        Self { tail, key, owner, flags: Arc::new(flags), placed: OnceCell::new() }
    }

    /// Notes what this process has committed, and nudges whoever keeps the feed.
    pub(crate) fn committed(&self, appended: &[Appended]) {
        self.tail.committed(appended);
    }

    /// Ends the keeping in good order: what was committed is put into the feed, and the right to keep it given back.
    pub(crate) async fn close(&self) {
        self.flags.gives_back.store(true, Ordering::Release);
        self.flags.is_closed.send_replace(true);
        let keeping = self.flags.running().keeping.take();
        if let Some(keeping) = keeping {
            // Else the right runs out.
            let _ = timeout(CLOSING, keeping).await;
        }
    }

    /// Sees that the tasks run. Called wherever somebody waits for them.
    pub(crate) fn run(&self) {
        let mut running = self.flags.running();
        if running.beat.is_some_and(|beat| beat.elapsed() < BEAT.1) {
            return;
        }
        running.generation += 1;
        running.beat = Some(Instant::now());
        let generation = running.generation;
        drop(running);
        let life = || Life { flags: self.flags.clone(), key: self.key.clone(), generation };
        let (tail, keeper, owner) = (self.tail.clone(), life(), self.owner.clone());
        let keeping = tokio::spawn(async move { keep(&tail, &keeper, &owner).await });
        self.flags.running().keeping = Some(keeping);
        let (tail, reader) = (self.tail.clone(), life());
        tokio::spawn(async move { look(&tail, &reader).await });
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.flags.is_closed.send_replace(true);
        let left = std::mem::take(&mut *self.tail.unseen());
        let mut registry = registry();
        let Some(slot) = registry.get_mut(&self.key) else { return };
        if slot.hub.strong_count() > 0 {
            return;
        }
        if left.is_empty() {
            registry.remove(&self.key);
        } else {
            slot.left = Some(left);
        }
    }
}

impl Flags {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    /// Whether the task is to go on: the store is open, and no other took its place.
    pub(crate) fn goes_on(&self) -> bool {
        !*self.flags.is_closed.borrow() && self.flags.running().generation == self.generation
    }

    /// Rests, or not any longer once the store is closed.
    pub(crate) async fn rest(&self, how_long: Duration) {
        let mut is_closed = self.flags.is_closed.subscribe();
        tokio::select! {
            () = sleep(how_long) => {}
            _ = is_closed.wait_for(|is_closed| *is_closed) => {}
        }
    }

    /// Whether another hub of this process has taken over, or other tasks of this one.
    pub(crate) fn is_succeeded(&self) -> bool {
        let is_ours = self.flags.running().generation == self.generation;
        if is_ours && self.flags.gives_back.load(Ordering::Acquire) {
            return false;
        }
        !is_ours || registry().get(&self.key).is_some_and(|slot| slot.hub.strong_count() > 0)
    }

    fn beat(&self) {
        let mut running = self.flags.running();
        if running.generation == self.generation && running.beat.is_some() {
            running.beat = Some(Instant::now());
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let mut running = self.flags.running();
        if running.generation == self.generation {
            running.beat = None;
        }
    }
}

async fn keep(tail: &Tail, life: &Life, owner: &str) {
    while life.goes_on() {
        if life.flags.is_keeper.load(Ordering::Acquire) {
            indexer::keep(tail, life, owner).await;
        } else {
            life.rest(BEAT.0).await;
        }
    }
}

/// Reads on while somebody waits.
async fn look(tail: &Tail, life: &Life) {
    let mut pause = LOOK.0;
    while life.goes_on() {
        life.beat();
        if !tail.is_awaited() {
            pause = LOOK.0;
            tokio::select! {
                () = tail.bell.notified() => {}
                () = life.rest(BEAT.0) => {}
            }
            continue;
        }
        // Whoever keeps the feed has read all that he puts.
        if matches!(tail.keeping(), Keeping::Here { .. }) {
            life.rest(LOOK.1).await;
            continue;
        }
        pause = match tail.read_up().await {
            Ok(true) => LOOK.0,
            Ok(false) => (pause * 3 / 2).min(LOOK.1),
            Err(fault) => {
                tracing::debug!(%fault, "the feed cannot be read for now");
                LOOK.1
            }
        };
        life.rest(pause).await;
    }
}
