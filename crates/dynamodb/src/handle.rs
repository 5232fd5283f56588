//! An open store: its database, what it knows of heads, the hub of its feed, and the ports that it hands out.

use std::sync::Arc;

use annals_core::StoreId;
use annals_ports::{Adapter, StoreError};
use futures::future::BoxFuture;

use crate::database::Database;
use crate::fault::Fault;
use crate::feed_lag::FeedLag;
use crate::heads::Heads;
use crate::hub::Hub;
use crate::meter::Usage;
use crate::options::DynamoOptions;
use crate::view_numbers::Numbers;

/// An open store. Clones share it. Its work in the background ends when the last clone and the last adapter are dropped.
#[derive(Clone)]
pub struct DynamoStore {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) database: Arc<Database>,
    pub(crate) heads: Heads,
    pub(crate) hub: Arc<Hub>,
    pub(crate) numbers: Numbers,
}

impl DynamoStore {
    /// Opens the store, and creates its tables where that is needed and allowed. Call it within a tokio runtime whose timers
    /// and I/O are on, as all ports must be.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses the credentials, when a table is none of ours, or of a newer release.
    pub async fn open(options: DynamoOptions) -> Result<Self, StoreError> {
        // The SDK's futures are deep: they would be part of the type of every future that opens a store.
        let opening: BoxFuture<'static, _> = Box::pin(Self::connect(options));
        opening.await
    }

    async fn connect(options: DynamoOptions) -> Result<Self, StoreError> {
        let database = Arc::new(Database::open(options).await?);
        let told = |fault: Fault| fault.told("looking for the end of the feed", &database.options);
        let hub = Hub::of(&database).await.map_err(told)?;
        Ok(Self {
            shared: Arc::new(Shared { database, heads: Heads::default(), hub, numbers: Numbers::default() }),
        })
    }

    /// The store's id.
    pub fn id(&self) -> StoreId {
        self.shared.database.id
    }

    /// What this handle has asked of the service since it was opened; the feed's upkeep, which all handles of a process
    /// share, is counted by the one that was opened first.
    pub fn usage(&self) -> Usage {
        self.shared.database.meter.usage().clone()
    }

    /// How far the feed is behind history, as far as this process knows; asks nobody.
    pub fn feed_lag(&self) -> FeedLag {
        self.shared.hub.tail.lag()
    }

    /// The client that the store uses, with its endpoint and credentials, for those who work on the tables by themselves.
    pub fn client(&self) -> &aws_sdk_dynamodb::Client {
        &self.shared.database.dynamo
    }

    /// All ports of the store.
    pub fn adapter(&self) -> Adapter {
        let store = Arc::new(self.clone());
        Adapter {
            name: "dynamodb",
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

impl std::fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = &self.shared.database;
        f.debug_struct("DynamoStore")
            .field("id", &database.id)
            .field("options", &database.options)
            .finish_non_exhaustive()
    }
}
