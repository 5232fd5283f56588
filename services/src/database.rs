//! A database of its own for each test: made within milliseconds, dropped at its end.
//!
//! Its name holds the machine and the process that made it, so that what a killed test left behind is known and dropped
//! by whoever comes next. A test that needs tables in it has them made once, in a template that others copy.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::thread::JoinHandle;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::runtime::{Handle, RuntimeFlavor};
use url::Url;

use crate::error::or_fail;
use crate::place;
use crate::process::is_alive;
use crate::{Postgres, ServiceError};

/// How text is ordered in a database, where nobody says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    /// As the server has it; by bytes where the server was started here.
    Server,
    /// By this ICU locale, for instance `en-US`.
    Icu(&'static str),
}

impl Collation {
    fn clause(self) -> String {
        match self {
            Self::Server => String::new(),
            Self::Icu(locale) => {
                format!(" LOCALE_PROVIDER icu ICU_LOCALE '{locale}' TEMPLATE template0 ENCODING 'UTF8'")
            }
        }
    }

    fn name(self) -> String {
        match self {
            Self::Server => "server".to_owned(),
            Self::Icu(locale) => locale.to_lowercase().replace('-', "_"),
        }
    }
}

/// A database that is dropped with this value, whoever is still connected.
#[derive(Debug)]
pub struct TestDatabase {
    url: Url,
    maintenance: Url,
    name: String,
    log: Option<PathBuf>,
}

impl TestDatabase {
    /// Its URL, with the role's password.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Its name on its server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection behind the store's back.
    ///
    /// # Panics
    /// When the server does not let this process in.
    pub async fn connect(&self) -> PgConnection {
        let connected = PgConnection::connect(self.url()).await;
        or_fail(connected.map_err(ServiceError::sql(format!("connecting to {}", self.name))))
    }

    /// Runs statements behind the store's back.
    ///
    /// # Panics
    /// When the server refuses one.
    pub async fn execute(&self, sql: &str) {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connect().await).await;
        or_fail(done.map(drop).map_err(ServiceError::sql(sql)));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(log) = &self.log
        {
            let whole = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
            let ours: Vec<_> = whole.lines().filter(|line| line.contains(&self.name)).collect();
            let last = &ours[ours.len().saturating_sub(20)..];
            eprintln!("what the server said of {}:\n{}", self.name, last.join("\n"));
        }
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        // On a thread of its own, since this one may be a runtime's. A server that is gone has dropped it already.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(drop_database(&maintenance, &name));
            }
        });
        wait_for(dropping);
    }
}

/// Waits for a database to be dropped, without keeping the runtime's other tasks from their work: one that is just
/// connecting keeps the server from dropping anything until it has said who it is.
fn wait_for(dropping: JoinHandle<()>) {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    // A thread that panicked has dropped nothing; whoever comes next does.
    let _ = match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| dropping.join()),
        Err(_) => dropping.join(),
        // Its only thread is this one.
        Ok(_) => return,
    };
}

async fn drop_database(maintenance: &Url, name: &str) {
    if let Ok(mut connection) = PgConnection::connect(maintenance.as_str()).await {
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // What stays is dropped by whoever comes next.
        let _ = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
    }
}

impl Postgres {
    /// A new, empty database for one test.
    ///
    /// # Panics
    /// When the server does not make one.
    pub async fn database(&self, collation: Collation) -> TestDatabase {
        or_fail(self.make(&collation.clause()).await)
    }

    /// A copy of a database in which `prepare` was run once for all processes. `kind` and `print` name it: where
    /// `print` has changed (a newer build, say), it is prepared anew.
    ///
    /// # Panics
    /// When the server does not make one.
    pub async fn prepared<P: Future<Output = ()>>(
        &self,
        kind: &str,
        print: &str,
        collation: Collation,
        prepare: impl FnOnce(String) -> P,
    ) -> TestDatabase {
        let template = or_fail(self.template(kind, print, collation, prepare).await);
        // Whole files: several times as fast as page by page through the log.
        or_fail(self.make(&format!(" TEMPLATE {template} STRATEGY file_copy")).await)
    }

    async fn maintain(&self) -> Result<PgConnection, ServiceError> {
        let connected = PgConnection::connect(self.url()).await;
        connected.map_err(ServiceError::sql("connecting to the maintenance database"))
    }

    async fn make(&self, clause: &str) -> Result<TestDatabase, ServiceError> {
        let mut connection = self.maintain().await?;
        drop_stale(&mut connection).await?;
        let name = format!("annals_{:04x}_{}", place::machine(), place::unique());
        execute(&mut connection, format!("CREATE DATABASE {name}{clause}")).await?;
        Ok(TestDatabase { url: self.of(&name), maintenance: self.url.clone(), name, log: self.log.clone() })
    }

    fn of(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(name);
        url
    }

    async fn template<P: Future<Output = ()>>(
        &self,
        kind: &str,
        print: &str,
        collation: Collation,
        prepare: impl FnOnce(String) -> P,
    ) -> Result<String, ServiceError> {
        let mut hasher = DefaultHasher::new();
        print.hash(&mut hasher);
        let family = format!("template_annals_{:04x}_{kind}_{}_", place::machine(), collation.name());
        let name = format!("{family}{:016x}", hasher.finish());
        let mut connection = self.maintain().await?;
        if exists(&mut connection, &name).await? {
            return Ok(name);
        }
        // One at a time for all builds: what is unfinished has the same name for all of them.
        let mut hasher = DefaultHasher::new();
        family.hash(&mut hasher);
        let lock = hasher.finish() >> 1;
        execute(&mut connection, format!("SELECT pg_advisory_lock({lock})")).await?;
        if exists(&mut connection, &name).await? {
            return Ok(name);
        }
        // Those of other builds, and what is left of one that was not finished.
        for old in names(&mut connection, &family).await? {
            execute(&mut connection, format!("DROP DATABASE IF EXISTS {old} WITH (FORCE)")).await?;
        }
        let unfinished = format!("{family}new");
        execute(&mut connection, format!("CREATE DATABASE {unfinished}{}", collation.clause())).await?;
        prepare(self.of(&unfinished).into()).await;
        // Nobody can be connected to what is copied or renamed.
        let others =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{unfinished}'");
        execute(&mut connection, others).await?;
        let rename = format!("ALTER DATABASE {unfinished} RENAME TO {name}");
        for _ in 0..100 {
            match execute(&mut connection, rename.clone()).await {
                Ok(()) => return Ok(name),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
        execute(&mut connection, rename).await.map(|()| name)
    }
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), ServiceError> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).execute(connection).await;
    done.map(drop).map_err(ServiceError::sql(sql.clone()))
}

async fn names(connection: &mut PgConnection, prefix: &str) -> Result<Vec<String>, ServiceError> {
    let sql = "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)";
    let rows = sqlx::query(sql).bind(prefix).fetch_all(connection).await;
    let rows = rows.map_err(ServiceError::sql("listing databases"))?;
    rows.iter().map(|row| row.try_get(0).map_err(ServiceError::sql("listing databases"))).collect()
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, ServiceError> {
    Ok(names(connection, name).await?.iter().any(|found| found == name))
}

/// Drops what processes of this machine left behind that are no more.
async fn drop_stale(connection: &mut PgConnection) -> Result<(), ServiceError> {
    let prefix = format!("annals_{:04x}_", place::machine());
    for name in names(connection, &prefix).await? {
        let process = name[prefix.len()..].split('_').next().and_then(|digits| digits.parse().ok());
        if process.is_some_and(|process| !is_alive(process)) {
            // Somebody else may be dropping it.
            let _ = execute(connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
    Ok(())
}
