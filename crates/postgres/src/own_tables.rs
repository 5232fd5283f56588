//! Read models in tables of a user's own: a projection that writes with the runtime's transaction, for joins, types and
//! constraints that rows of JSON do not have.
//!
//! What a page of the feed does to the tables, and the checkpoint after it, are one transaction, under the same lease
//! and beside the same checkpoints as any other view's (laws V01 and V02): each event has its effect exactly once,
//! whenever the process, the server or the line between them fails. Whether what is written is right is the
//! projection's business; nothing here reads or names its tables.

use std::future::Future;

use annals_core::{DecodeError, EventSet, Recorded, Timestamp};
use annals_ports::{BoxError, StoreError, ViewError, ViewId};
use sqlx::postgres::PgConnection;

/// A read model in tables of its own.
///
/// ```
/// use annals_core::{DomainEvent, Recorded};
/// use annals_ports::BoxError;
/// use annals_postgres::{OwnTables, sqlx};
/// use sqlx::PgConnection;
///
/// #[derive(Clone, Debug, DomainEvent)]
/// #[event(category = "order", prefix = "Order")]
/// enum OrderEvent {
///     Created { customer: String, cents: i64 },
///     Cancelled,
/// }
///
/// struct Orders;
///
/// impl OwnTables for Orders {
///     const NAME: &'static str = "order_table";
///     const VERSION: u32 = 1;
///     type Event = OrderEvent;
///
///     async fn reset(&self, connection: &mut PgConnection) -> Result<(), BoxError> {
///         let tables = "DROP TABLE IF EXISTS orders;
///                       CREATE TABLE orders (id text PRIMARY KEY, customer text NOT NULL, cents bigint NOT NULL)";
///         sqlx::raw_sql(tables).execute(connection).await?;
///         Ok(())
///     }
///
///     async fn apply(
///         &self,
///         events: &[Recorded<OrderEvent>],
///         connection: &mut PgConnection,
///     ) -> Result<(), BoxError> {
///         for recorded in events {
///             let id = recorded.header.stream.as_str();
///             let statement = match &recorded.event {
///                 OrderEvent::Created { customer, cents } => {
///                     sqlx::query("INSERT INTO orders VALUES ($1, $2, $3)").bind(id).bind(customer).bind(cents)
///                 }
///                 OrderEvent::Cancelled => sqlx::query("DELETE FROM orders WHERE id = $1").bind(id),
///             };
///             statement.execute(&mut *connection).await?;
///         }
///         Ok(())
///     }
/// }
/// # use annals_postgres::{PostgresStore, OwnTablesRunner};
/// # async fn run(store: &PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
/// let runner = OwnTablesRunner::new(store, Orders);
/// runner.catch_up().await?;
/// # Ok(()) }
/// ```
pub trait OwnTables: Send + Sync + 'static {
    /// The view's name. Views of all kinds share their names.
    const NAME: &'static str;
    /// Raise it when the tables or what is written change: they are built anew then, so give them other names if the
    /// old ones are to serve meanwhile.
    const VERSION: u32;
    /// The events that it is made of.
    type Event: EventSet;

    /// Leaves the tables there and empty. Called within the transaction that begins the view: before its first event,
    /// on a rebuild, and when `store recover` has dropped the view.
    fn reset(&self, connection: &mut PgConnection) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Writes what these events do, in their order, on the connection given and no other. A transaction is open on it
    /// and must stay so: `connection.begin()` makes a savepoint, `COMMIT` and `ROLLBACK` as statements are forbidden.
    /// Behind a pooler in transaction mode statements must not be kept by name: `sqlx::query(…).persistent(false)`.
    ///
    /// A page whose `apply` fails is taken back whole, and comes again.
    fn apply(
        &self,
        events: &[Recorded<Self::Event>],
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// Why tables were not brought up to date. They stand where their checkpoint says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnTablesError {
    /// An event cannot be decoded (law E03).
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The store failed, or the server refused a statement of the projection.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lease was lost, or the checkpoint moved by somebody else.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The projection gave up.
    #[error("{view} refused a page of events: {source}")]
    Projection {
        /// The view.
        view: ViewId,
        /// What the projection says.
        source: BoxError,
    },
    /// Another runner keeps the tables.
    #[error("{view} is run by {owner}, whose lease lasts until {until}; read its tables, or try again later")]
    LeaseHeld {
        /// The view.
        view: ViewId,
        /// Who runs it.
        owner: String,
        /// Until when, unless renewed.
        until: Timestamp,
    },
}

impl OwnTablesError {
    /// Whether trying again can help: the store was away for now, or another runner came in between.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) | Self::View(ViewError::Store(error)) => error.is_transient(),
            Self::View(_) | Self::LeaseHeld { .. } => true,
            Self::Decode(_) | Self::Projection { .. } => false,
        }
    }
}
