//! An open store: its database, its lanes, what wakes its followers, and the ports that it hands out.

use std::sync::Arc;

use annals_core::StoreId;
use annals_ports::{Adapter, StoreError};

use crate::database::Database;
use crate::feed::Ends;
use crate::lanes::Lanes;
use crate::options::PostgresOptions;
use crate::reads::Reads;
use crate::scan::Pages;
use crate::wake::Wake;

/// An open store. Clones share it. Its connections are closed when the last clone and the last adapter are dropped.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) database: Arc<Database>,
    pub(crate) lanes: Lanes,
    pub(crate) wake: Wake,
    pub(crate) reads: Reads,
    pub(crate) pages: Pages,
    pub(crate) ends: Ends,
}

impl PostgresStore {
    /// Opens the store, and creates or migrates its schema where that is needed. Call it within a tokio runtime whose
    /// timers and I/O are on, as all ports must be.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the role, when the schema is no store of ours, or is of a newer
    /// release.
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let database = Database::open(options).await?;
        let lanes = Lanes::start(&database);
        let wake = Wake::start(&database);
        Ok(Self {
            shared: Arc::new(Shared {
                database,
                lanes,
                wake,
                reads: Reads::default(),
                pages: Pages::default(),
                ends: Ends::default(),
            }),
        })
    }

    /// The store's id.
    pub fn id(&self) -> StoreId {
        self.shared.database.id
    }

    /// All ports of the store.
    pub fn adapter(&self) -> Adapter {
        let store = Arc::new(self.clone());
        Adapter {
            name: "postgres",
            store: self.id(),
            events: store.clone(),
            feed: store.clone(),
            snapshots: store.clone(),
            views: store.clone(),
            leases: store.clone(),
            import: store.clone(),
            inspect: store,
        }
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.shared.database
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = &self.shared.database;
        f.debug_struct("PostgresStore")
            .field("id", &database.id)
            .field("options", &database.options)
            .finish_non_exhaustive()
    }
}
