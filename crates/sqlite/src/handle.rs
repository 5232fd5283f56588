//! An open store: its threads, their queues, and the ports that it hands out.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use annals_core::StoreId;
use annals_ports::{Adapter, StoreError};

use crate::fault::Fault;
use crate::options::SqliteOptions;
use crate::readers::{self, Readers};
use crate::wake::{self, Wake};
use crate::writer::{self, Opened, Writer};

/// How long dropping a store waits for its threads.
const FAREWELL: Duration = Duration::from_secs(2);

/// An open store. Clones share it.
///
/// When the last clone and the last adapter are dropped, what was handed in is still done, and the file is closed;
/// the drop waits for that, for 2 s at most.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) id: StoreId,
    pub(crate) options: Arc<SqliteOptions>,
    // Fields are dropped in this order: first the queues, so that the threads end, then who waits for the threads.
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) wake: Arc<Wake>,
    /// The end of the feed as its readers last met it; not to be relied on.
    pub(crate) met: Arc<AtomicI64>,
    _threads: Threads,
}

/// The threads; dropping it waits for their end.
struct Threads {
    wake: Arc<Wake>,
    /// Nothing is ever sent: it is disconnected once all threads have dropped their ends.
    ended: Mutex<Receiver<()>>,
}

impl SqliteStore {
    /// Opens the store, and creates or migrates it where that is needed. Call it within a tokio runtime whose
    /// timers are on, as all ports must be.
    ///
    /// # Errors
    /// When the file cannot be opened, is no store of ours, or is of a newer schema.
    pub async fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        let options = Arc::new(options);
        let doing = || format!("opening {}", options.location());
        let refused = |error: std::io::Error| {
            Fault::unavailable(format!("no thread could be started: {error}")).told(&doing(), &options)
        };
        let wake = Arc::new(Wake::new());
        let (alive, ended) = channel();
        let threads = Threads { wake: wake.clone(), ended: Mutex::new(ended) };
        // Dropped before `threads`, which would otherwise wait for it when opening fails.
        let alive = alive;
        let (writer, opened) = writer::start(&options, wake.clone(), alive.clone()).map_err(refused)?;
        let gone = || Fault::unavailable("the store's writer has ended").told(&doing(), &options);
        let Opened { id, presence, options } = opened.await.unwrap_or_else(|_| Err(gone()))?;
        let readers = readers::start(&options, &presence, id, &alive).map_err(refused)?;
        wake::start(&options, wake.clone(), alive).map_err(refused)?;
        let shared = Shared { id, options, writer, readers, wake, met: Arc::default(), _threads: threads };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The store's id.
    pub fn id(&self) -> StoreId {
        self.shared.id
    }

    /// All ports of the store.
    pub fn adapter(&self) -> Adapter {
        let store = Arc::new(self.clone());
        Adapter {
            name: "sqlite",
            store: self.shared.id,
            events: store.clone(),
            feed: store.clone(),
            snapshots: store.clone(),
            views: store.clone(),
            leases: store.clone(),
            import: store.clone(),
            inspect: store,
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let options = &self.shared.options;
        f.debug_struct("SqliteStore")
            .field("id", &self.shared.id)
            .field("options", options)
            .finish_non_exhaustive()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.wake.close();
        if let Ok(ended) = self.ended.get_mut() {
            // Who has not ended by then does so later, by itself.
            let _ = ended.recv_timeout(FAREWELL);
        }
    }
}
