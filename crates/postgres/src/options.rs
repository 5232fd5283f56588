//! How a store is opened: its server, its schema, its patience, and what stands between it and the server. Options
//! come from code, or from a URL, in which what is not known is refused by name. None of them shows a password.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use annals_ports::{Clock, StoreError, SystemClock};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use annals_ports::tokens;

/// Parameters that are the driver's: they go on to it as they are.
const OF_THE_DRIVER: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "application_name",
    "host",
    "port",
    "dbname",
    "user",
    "password",
];

const KNOWN: &str = "application_name, batch_max, connect_timeout, create, gathering (on, off), host, \
     lanes, lock_timeout, max_connections, pooler (none, session, transaction), schema, sslcert, sslkey, sslmode, \
     sslrootcert, statement_timeout, timeout, user, writer_timeout (all time-outs in milliseconds)";

/// The longest time-out that PostgreSQL takes, 24 days; a clock can count to it, too.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// The longest name that PostgreSQL gives a schema.
const SCHEMA_NAME_MAX: usize = 63;

/// What stands between the store and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or a pooler that keeps a server's connection for as long as the client's lives.
    #[default]
    Session,
    /// A pooler that may give each transaction another server's connection: every statement is sent in an explicit
    /// transaction, none is kept by name, and nothing is set for longer than a transaction.
    Transaction,
}

/// How to open a store.
///
/// ```
/// use annals_postgres::PostgresOptions;
///
/// let options = PostgresOptions::from_url("postgres://shop:secret@db.local/shop?schema=history")?;
/// assert_eq!(options.schema_name(), "history");
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok::<(), annals_ports::StoreError>(())
/// ```
#[derive(Clone)]
pub struct PostgresOptions {
    connect: PgConnectOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) schema: String,
    pub(crate) pooler: Pooler,
    pub(crate) max_connections: usize,
    pub(crate) lanes: usize,
    pub(crate) batch_max: usize,
    pub(crate) gathering: bool,
    pub(crate) create: bool,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
    pub(crate) writer_timeout: Duration,
    #[cfg(feature = "broken")]
    pub(crate) broken: Option<crate::broken::Broken>,
}

impl PostgresOptions {
    /// The store that this connection leads to.
    pub fn new(connect: PgConnectOptions) -> Self {
        Self {
            connect,
            clock: Arc::new(SystemClock),
            schema: "annals".to_owned(),
            pooler: Pooler::default(),
            max_connections: 16,
            lanes: 2,
            batch_max: 256,
            gathering: true,
            create: true,
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(4),
            lock_timeout: Duration::from_millis(500),
            writer_timeout: Duration::from_secs(5),
            #[cfg(feature = "broken")]
            broken: None,
        }
    }

    /// Options by URL: `postgres://user:password@host:port/database`. Parameters are named as the methods here,
    /// time-outs in milliseconds: `?schema=history&pooler=transaction&timeout=2000`. The driver's own `sslmode`,
    /// `sslrootcert`, `sslcert`, `sslkey`, `host` and `application_name` are understood, too. In user, password and values
    /// `/`, `?`, `#`, `@` and `&` are written as `%` escapes.
    ///
    /// # Errors
    /// When it is not of this form, names an unknown parameter, or a value that does not fit.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        // E04: the URL holds a password, so that none of it is shown.
        let doing = || "reading the URL of a PostgreSQL store".to_owned();
        let refuse = |reason: String| StoreError::Refused { doing: doing(), reason };
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(refuse("write postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned()));
        }
        let (server, parameters) = parts(url).map_err(refuse)?;
        let (mut ours, mut drivers) = (Vec::new(), Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // E04: it may be a password that no & sets apart.
            if value.contains('=') && name != "password" {
                let reason =
                    "a parameter holds a second =; write & between parameters, and = in a value as %3D";
                return Err(refuse(reason.to_owned()));
            }
            if OF_THE_DRIVER.contains(&name) {
                drivers.push(parameter);
            } else {
                // E04: it may be the end of a password.
                let behind_a_password = drivers.iter().any(|parameter| parameter.starts_with("password="));
                let shown = if behind_a_password {
                    "behind the password (write & in a password as %26)".to_owned()
                } else {
                    format!("{name:?}")
                };
                let value = tokens::decode(value)
                    .ok_or_else(|| refuse(format!("the parameter {shown} has a broken % escape")))?;
                ours.push((name, shown, value));
            }
        }
        let understood = PgConnectOptions::from_str(&format!("{server}?{}", drivers.join("&")));
        let connect = understood.map_err(|error| refuse(format!("the URL is not understood: {error}")))?;
        let is_named = drivers.iter().any(|parameter| parameter.starts_with("application_name="));
        let connect = if is_named { connect } else { connect.application_name("annals") };
        let mut options = Self::new(connect);
        for (name, shown, value) in ours {
            options = options.with(name, &shown, &value).map_err(refuse)?;
        }
        Ok(options)
    }

    fn with(self, name: &str, name_shown: &str, value: &str) -> Result<Self, String> {
        let value_shown = value.escape_debug();
        let wrong =
            |expected: &str| format!("{name}={value_shown} is not understood; {expected} is expected");
        let number =
            || value.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| wrong("a number from 1"));
        let millis = || number().map(|millis| Duration::from_millis(millis as u64));
        let truth = || value.parse::<bool>().map_err(|_| wrong("true or false"));
        match name {
            "batch_max" => Ok(self.batch_max(number()?)),
            "connect_timeout" => Ok(self.connect_timeout(millis()?)),
            "create" => Ok(self.create(truth()?)),
            "gathering" => match value {
                "on" => Ok(self.gathering(true)),
                "off" => Ok(self.gathering(false)),
                _ => Err(wrong("on or off")),
            },
            "lanes" => Ok(self.lanes(number()?)),
            "lock_timeout" => Ok(self.lock_timeout(millis()?)),
            "max_connections" => Ok(self.max_connections(number()?)),
            "pooler" => match value {
                "none" | "session" => Ok(self.pooler(Pooler::Session)),
                "transaction" => Ok(self.pooler(Pooler::Transaction)),
                _ => Err(wrong("none, session or transaction")),
            },
            "schema" => self.schema(value).map_err(|error| error.to_string()),
            "statement_timeout" => Ok(self.statement_timeout(millis()?)),
            "timeout" => Ok(self.timeout(millis()?)),
            #[cfg(feature = "broken")]
            "broken" => crate::broken::named(self, value).ok_or_else(|| wrong("fence or cursor")),
            "writer_timeout" => Ok(self.writer_timeout(millis()?)),
            _ => Err(format!("the parameter {name_shown} is not known; known are {KNOWN}")),
        }
    }

    /// The schema that holds the store's tables; `annals` unless said otherwise.
    ///
    /// # Errors
    /// When the name is empty, longer than 63 bytes, holds a control character, or begins with `pg_`.
    pub fn schema(self, name: impl Into<String>) -> Result<Self, StoreError> {
        let schema = name.into();
        let is_ours = !schema.is_empty()
            && schema.len() <= SCHEMA_NAME_MAX
            && !schema.chars().any(char::is_control)
            && !schema.starts_with("pg_");
        if is_ours {
            return Ok(Self { schema, ..self });
        }
        Err(StoreError::Refused {
            doing: format!("naming the schema {schema:?}"),
            reason: "a name has 1 to 63 bytes, no control character, and does not begin with pg_".to_owned(),
        })
    }

    /// The schema's name.
    pub fn schema_name(&self) -> &str {
        &self.schema
    }

    /// The clock that events are stamped and leases are timed by; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// What stands between the store and the server; nothing unless said otherwise.
    #[must_use]
    pub fn pooler(self, pooler: Pooler) -> Self {
        Self { pooler, ..self }
    }

    /// The most connections that are open at once, the lanes' included; at least 4, 16 unless said otherwise.
    #[must_use]
    pub fn max_connections(self, max_connections: usize) -> Self {
        Self { max_connections: max_connections.max(4), ..self }
    }

    /// How many statements that record commits are under way at once; at least 1, 2 unless said otherwise.
    #[must_use]
    pub fn lanes(self, lanes: usize) -> Self {
        Self { lanes: lanes.max(1), ..self }
    }

    /// The most commits in one statement; at least 1, 256 unless said otherwise.
    #[must_use]
    pub fn batch_max(self, batch_max: usize) -> Self {
        Self { batch_max: batch_max.max(1), ..self }
    }

    /// Whether commits that wait at the same moment share a statement; yes unless said otherwise.
    #[must_use]
    pub fn gathering(self, gathering: bool) -> Self {
        Self { gathering, ..self }
    }

    /// Whether a schema that does not exist is created, and an older one migrated; yes unless said otherwise.
    #[must_use]
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// For how long a call tries before it answers with an error; 5 s unless said otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(LONGEST), ..self }
    }

    /// For how long a connection is waited for; 3 s unless said otherwise.
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout: connect_timeout.min(LONGEST), ..self }
    }

    /// For how long the server works on one statement, at most as long as a call tries; 4 s unless said otherwise.
    #[must_use]
    pub fn statement_timeout(self, statement_timeout: Duration) -> Self {
        Self { statement_timeout: statement_timeout.min(LONGEST), ..self }
    }

    /// For how long a statement waits for a lock that somebody else holds; 500 ms unless said otherwise.
    #[must_use]
    pub fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Self { lock_timeout: lock_timeout.min(LONGEST), ..self }
    }

    /// For how long a transaction of ours may hold readers of the feed back before the server ends it (law F07);
    /// 5 s unless said otherwise.
    #[must_use]
    pub fn writer_timeout(self, writer_timeout: Duration) -> Self {
        Self { writer_timeout: writer_timeout.min(LONGEST), ..self }
    }

    /// The server and the schema as errors and descriptions show them, without user and password (E04).
    pub(crate) fn location(&self) -> String {
        let host = match self.connect.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => self.connect.get_host().to_owned(),
        };
        let database = self.connect.get_database().unwrap_or(self.connect.get_username());
        format!("postgres://{host}:{}/{database}?schema={}", self.connect.get_port(), self.schema)
    }

    /// The server, for errors.
    pub(crate) fn server(&self) -> String {
        format!("{}:{}", self.connect.get_host(), self.connect.get_port())
    }

    /// The role, for errors.
    pub(crate) fn role(&self) -> &str {
        self.connect.get_username()
    }

    /// The database, for errors.
    pub(crate) fn database_name(&self) -> &str {
        self.connect.get_database().unwrap_or(self.connect.get_username())
    }

    /// For how long the server works on one statement.
    pub(crate) fn statement_patience(&self) -> Duration {
        self.statement_timeout.min(self.timeout)
    }

    /// How the driver connects. What holds for a session is said as it begins, which a pooler in transaction mode
    /// does not allow; there it is said in each transaction ([`Self::begin`]).
    pub(crate) fn connecting(&self) -> PgConnectOptions {
        // The driver's own tracing writes each statement to the log.
        let connect = self.connect.clone().disable_statement_logging();
        match self.pooler {
            Pooler::Transaction => connect.statement_cache_capacity(0).extra_float_digits(None),
            Pooler::Session => connect.options([
                ("statement_timeout", self.statement_patience().as_millis().to_string()),
                ("lock_timeout", self.lock_timeout.as_millis().to_string()),
                ("idle_in_transaction_session_timeout", self.writer_timeout.as_millis().to_string()),
                ("default_transaction_isolation", "read committed".to_owned()),
                // Plans are made once, and never read a whole table, however small it was when they were made.
                ("plan_cache_mode", "force_generic_plan".to_owned()),
                ("enable_seqscan", "off".to_owned()),
                ("jit", "off".to_owned()),
            ]),
        }
    }

    /// What begins a transaction.
    pub(crate) fn begin(&self) -> String {
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        match self.pooler {
            Pooler::Session => begin.to_owned(),
            Pooler::Transaction => format!(
                "{begin}; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL enable_seqscan = off; SET LOCAL jit = off",
                self.statement_patience().as_millis(),
                self.lock_timeout.as_millis(),
                self.writer_timeout.as_millis()
            ),
        }
    }
}

/// The URL up to its parameters, and these.
///
/// E04: what stands before an `@` may be the end of a password in which a `/`, `?` or `#` was not escaped, and what follows an
/// `=` a password that no `?` or `&` sets apart. They would be taken for the name of a database, and be shown as one.
fn parts(url: &str) -> Result<(&str, &str), String> {
    const ESCAPES: &str = "in user, password and values write / as %2F, ? as %3F, # as %23 and @ as %40";
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let behind_the_server = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
    if behind_the_server.contains('@') {
        return Err(format!("an @ stands behind the server's name; {ESCAPES}"));
    }
    // What follows it would be dropped, and with it how the connection is to be secured.
    if behind_the_server.contains('#') {
        return Err(format!("a # stands in it; {ESCAPES}"));
    }
    let (server, parameters) = url.split_once('?').unwrap_or((url, ""));
    let names = server.split_once("://").map_or(server, |(_, names)| names);
    let (user, host) = names.rsplit_once('@').unwrap_or(("", names));
    let user = user.split(':').next().unwrap_or_default();
    if user.contains('=') || host.contains('=') {
        return Err(
            "an = stands before its parameters, which begin with a ?; write = in a name as %3D".to_owned()
        );
    }
    Ok((server, parameters))
}

/// E04: everything but what could hold a secret.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("location", &self.location())
            .field("pooler", &self.pooler)
            .field("max_connections", &self.max_connections)
            .field("lanes", &self.lanes)
            .field("batch_max", &self.batch_max)
            .field("gathering", &self.gathering)
            .field("create", &self.create)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("writer_timeout", &self.writer_timeout)
            .finish_non_exhaustive()
    }
}
