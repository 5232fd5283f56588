//! The database as everything here shares it: its connections, its schema, and how a statement is run.
//!
//! A connection that a call was dropped in the middle of, or that failed, is closed and never used again. Behind a
//! pooler in transaction mode every statement stands in an explicit transaction.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_core::{StoreId, Timestamp};
use annals_ports::StoreError;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, SqlStr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::batch::{Proposal, Verdict, propose};
use crate::fault::{Fault, Kind};
use crate::options::{Pooler, PostgresOptions};
use crate::schema;
use crate::statement::alone_into;
pub(crate) use crate::statement::{Query, Run, Statement, Take, alone, command, fetch, sql_for};

/// A connection unused for so long is asked whether it still stands before it is used.
const STALE: Duration = Duration::from_secs(30);

/// A connection unused for so long is closed.
const SURPLUS: Duration = Duration::from_secs(300);

/// The shared handle.
pub(crate) struct Database {
    pub(crate) id: StoreId,
    pub(crate) options: PostgresOptions,
    statements: Mutex<HashMap<&'static str, SqlStr>>,
    /// Rises with each statement of this process that recorded events; followers subscribe.
    pub(crate) committed: watch::Sender<u64>,
    idle: Mutex<Vec<Idle>>,
    permits: Arc<Semaphore>,
}

struct Idle {
    connection: PgConnection,
    since: Instant,
}

impl Database {
    /// Connects, and creates or migrates the schema where that is needed.
    pub(crate) async fn open(options: PostgresOptions) -> Result<Arc<Self>, StoreError> {
        let doing = format!("opening {}", options.location());
        let mut connection = connect(&options).await.map_err(|fault| fault.told(&doing, &options))?;
        let prepared = schema::prepare(&mut connection, &options).await;
        let id = prepared.map_err(|failure| failure.told(&doing, &options))?;
        // The lanes' connections are not counted.
        let lanes = if options.gathering { options.lanes } else { 0 };
        let borrowed = options.max_connections.saturating_sub(lanes).max(2);
        Ok(Arc::new(Self {
            id,
            statements: Mutex::default(),
            committed: watch::Sender::new(0),
            idle: Mutex::new(vec![Idle { connection, since: Instant::now() }]),
            permits: Arc::new(Semaphore::new(borrowed)),
            options,
        }))
    }

    /// The present moment, by the process's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// A statement's text for this schema.
    pub(crate) fn text(&self, statement: Statement) -> SqlStr {
        let mut known = lock(&self.statements);
        let make = || sql_for(statement.text, &self.options.schema);
        known.entry(statement.name).or_insert_with(make).clone()
    }

    /// A statement, ready for its values.
    pub(crate) fn query(&self, statement: Statement) -> Query {
        // Without a place to keep it, the driver would leave a named statement on a connection that others get next.
        sqlx::query(self.text(statement)).persistent(self.options.pooler == Pooler::Session)
    }

    /// Runs one statement that may safely be run twice, and gives its rows. `query` is asked again when a connection
    /// turns out to have been cut while nobody used it; `doing` is asked only for an error.
    pub(crate) async fn read(
        &self,
        doing: impl Fn() -> String,
        query: impl Fn() -> Query,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.rows(query).await.map_err(|fault| fault.told(&doing(), &self.options))
    }

    /// As [`Self::read`], for who tells the error in another way.
    pub(crate) async fn rows(&self, query: impl Fn() -> Query) -> Result<Vec<PgRow>, Fault> {
        let mut session = self.session().await?;
        match session.run(query()).await {
            Err(fault) if fault.kind == Kind::Lost && !session.is_new => {
                drop(session);
                self.session().await?.run(query()).await
            }
            answered => answered,
        }
    }

    /// Runs one statement that may safely be run twice, and hands its rows over as they arrive, to what `begin` makes.
    pub(crate) async fn read_into<T: Take>(
        &self,
        begin: impl Fn() -> T,
        query: impl Fn() -> Query,
    ) -> Result<T, Fault> {
        let mut session = self.session().await?;
        match session.run_into(query(), begin()).await {
            Err(fault) if fault.kind == Kind::Lost && !session.is_new => {
                drop(session);
                self.session().await?.run_into(query(), begin()).await
            }
            answered => answered,
        }
    }

    /// A connection for several statements.
    pub(crate) async fn session(&self) -> Result<Session<'_>, Fault> {
        let waited = timeout(self.options.timeout, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = waited else {
            let detail = format!(
                "all {} connections are in use; allow more by max_connections",
                self.options.max_connections
            );
            return Err(Fault::new(Kind::Busy, detail));
        };
        let (connection, is_new) = self.connection().await?;
        Ok(Session { connection: Some(connection), is_new, is_sound: true, database: self, _permit: permit })
    }

    /// Begins a transaction. What is not committed is rolled back.
    pub(crate) async fn begin(&self) -> Result<Transaction<'_>, Fault> {
        let mut session = self.session().await?;
        match session.command(self.options.begin()).await {
            Err(fault) if fault.kind == Kind::Lost && !session.is_new => {
                drop(session);
                session = self.session().await?;
                session.command(self.options.begin()).await?;
            }
            begun => begun?,
        }
        // Whoever drops it half-way leaves a transaction open: the connection is closed then.
        session.is_sound = false;
        Ok(Transaction { session })
    }

    /// As [`Self::begin`], with a first statement without values in the same round trip. Its answer comes as text.
    pub(crate) async fn begin_with(&self, first: Statement) -> Result<(Transaction<'_>, Vec<PgRow>), Fault> {
        let text = format!("{}; {}", self.options.begin(), self.text(first).as_str());
        let mut session = self.session().await?;
        let rows = match session.ask(text.clone()).await {
            Err(fault) if fault.kind == Kind::Lost && !session.is_new => {
                drop(session);
                session = self.session().await?;
                session.ask(text).await?
            }
            answered => answered?,
        };
        session.is_sound = false;
        Ok((Transaction { session }, rows))
    }

    /// A connection of its own, for who keeps it.
    pub(crate) async fn connect(&self) -> Result<PgConnection, Fault> {
        connect(&self.options).await
    }

    /// A connection that is not counted, for a lane, which gives it back: nobody keeps what others may be in want of.
    pub(crate) async fn for_lane(&self) -> Result<PgConnection, Fault> {
        self.connection().await.map(|(connection, _)| connection)
    }

    /// A connection that nobody uses and that still stands, or else a new one; and whether it is new.
    async fn connection(&self) -> Result<(PgConnection, bool), Fault> {
        while let Some(mut idle) = self.take_idle() {
            if idle.since.elapsed() < STALE
                || matches!(timeout(Duration::from_secs(1), idle.connection.ping()).await, Ok(Ok(())))
            {
                return Ok((idle.connection, false));
            }
        }
        Ok((self.connect().await?, true))
    }

    fn take_idle(&self) -> Option<Idle> {
        lock(&self.idle).pop()
    }

    /// Lets others use a connection on which nothing is under way.
    pub(crate) fn give_back(&self, connection: PgConnection) {
        let mut idle = lock(&self.idle);
        idle.retain(|idle| idle.since.elapsed() < SURPLUS);
        idle.push(Idle { connection, since: Instant::now() });
    }

    /// Who was cut off was probably not alone: the others are not used again.
    pub(crate) fn distrust(&self) {
        lock(&self.idle).clear();
    }
}

/// A borrowed connection. One that is not sound any more is closed instead of being given back.
pub(crate) struct Session<'a> {
    connection: Option<PgConnection>,
    is_new: bool,
    is_sound: bool,
    database: &'a Database,
    _permit: OwnedSemaphorePermit,
}

impl Session<'_> {
    /// Runs one statement by itself, within the time-out.
    pub(crate) async fn run(&mut self, query: Query) -> Result<Vec<PgRow>, Fault> {
        let options = &self.database.options;
        self.within(async |connection| alone(connection, query, options).await).await
    }

    async fn run_into<T: Take>(&mut self, query: Query, mut into: T) -> Result<T, Fault> {
        let options = &self.database.options;
        let run = async |connection: &mut PgConnection| {
            alone_into(connection, query, options, &mut into).await.map(|()| into)
        };
        self.within(run).await
    }

    /// Has the server judge proposals.
    pub(crate) async fn propose(&mut self, proposals: &[&Proposal]) -> Result<Vec<Verdict>, Fault> {
        let database = self.database;
        self.within(async |connection| propose(connection, database, proposals).await).await
    }

    /// Runs commands without values or answers.
    async fn command(&mut self, text: String) -> Result<(), Fault> {
        self.within(async |connection| command(connection, text).await).await
    }

    /// Runs commands without values, and gives their rows as text.
    async fn ask(&mut self, text: String) -> Result<Vec<PgRow>, Fault> {
        let ask = async |connection: &mut PgConnection| {
            Ok(sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(connection).await?)
        };
        self.within(ask).await
    }

    async fn within<T>(
        &mut self,
        act: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let patience = self.database.options.timeout;
        let Some(connection) = &mut self.connection else { return Err(Fault::no_answer()) };
        self.is_sound = false;
        let done = timeout(patience, act(connection)).await.unwrap_or_else(|_| Err(Fault::no_answer()));
        self.is_sound = done.as_ref().err().is_none_or(|fault| !fault.spoils_connection());
        if done.as_ref().is_err_and(|fault| fault.kind == Kind::Lost) {
            self.database.distrust();
        }
        done
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.is_sound
        {
            self.database.give_back(connection);
        }
    }
}

/// An open transaction. Each statement has the time-out.
pub(crate) struct Transaction<'a> {
    session: Session<'a>,
}

impl Run for Transaction<'_> {
    async fn run(&mut self, query: Query) -> Result<Vec<PgRow>, Fault> {
        let ran = self.session.within(async |connection| fetch(connection, query).await).await;
        self.session.is_sound = false;
        ran
    }
}

impl Transaction<'_> {
    /// Makes it last.
    pub(crate) async fn commit(mut self) -> Result<(), Fault> {
        self.session.command("COMMIT".to_owned()).await
    }

    /// Makes it last, after a last command in the same round trip.
    pub(crate) async fn commit_with(mut self, last: &str) -> Result<(), Fault> {
        self.session.command(format!("{last}; COMMIT")).await
    }

    /// Takes it back, and keeps the connection.
    pub(crate) async fn roll_back(mut self) {
        // Dropping the connection has the same effect.
        let _ = self.session.command("ROLLBACK".to_owned()).await;
    }
}

impl Deref for Transaction<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.session.connection.as_ref().expect("it is taken only when the session is dropped")
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.session.connection.as_mut().expect("it is taken only when the session is dropped")
    }
}

/// A new connection to a server that is recent enough.
pub(crate) async fn connect(options: &PostgresOptions) -> Result<PgConnection, Fault> {
    let patience = options.connect_timeout.min(options.timeout);
    let connecting = options.connecting();
    let Ok(connected) = timeout(patience, PgConnection::connect_with(&connecting)).await else {
        let detail = format!("{} did not answer within {patience:?}", options.server());
        return Err(Fault::new(Kind::Unreached, detail));
    };
    let connection = connected.map_err(|error| Fault::connecting(error, options))?;
    schema::check_server(connection.server_version_num())?;
    Ok(connection)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
