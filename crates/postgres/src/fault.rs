//! What PostgreSQL says when it fails, and what that means at a port (laws E01, E02 and E04).
//!
//! A [`Fault`] can be told to many callers, each with what it was doing: one statement carries many commits.

use std::io::ErrorKind;

use annals_ports::{Effect, StoreError};
use sqlx::postgres::PgDatabaseError;

use crate::options::PostgresOptions;

/// A failure of the server, of the line to it, or of what stands in it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    /// The server's code; empty when it was not the server that failed.
    pub(crate) code: String,
    /// The key that a unique violation names, in the server's words: `(stream_id, version)=(order-1, 2)`.
    pub(crate) key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The server was not reached, or let nobody in for now: nothing was sent.
    Unreached,
    /// The line was cut, or the server went away, with a statement under way.
    Lost,
    /// The server gave the statement up after its time-out; nothing of it is left.
    TimedOut,
    /// No answer came within the time-out.
    NoAnswer,
    /// Nothing was sent before the time was over.
    Crowded,
    /// Somebody else holds a lock.
    Locked,
    /// The server ended one of several transactions that stood in each other's way.
    Deadlocked,
    /// A unique key was taken by somebody else meanwhile.
    Taken,
    /// The server has no memory or connection to spare for now.
    Busy,
    Full,
    ReadOnly,
    Damaged,
    NotAStore,
    Refused,
}

/// Why a reader has no answer: the server failed, or there is none to give.
#[derive(Debug)]
pub(crate) enum Failure {
    Fault(Fault),
    Told(StoreError),
}

impl Fault {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), code: String::new(), key: None }
    }

    /// What stands in the store is not what was put there.
    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, detail)
    }

    /// Something that trying again will not change.
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::new(Kind::Refused, detail)
    }

    /// No answer came in time.
    pub(crate) fn no_answer() -> Self {
        Self::new(Kind::NoAnswer, "no answer within the time-out")
    }

    /// The server cannot say what was answered by now.
    pub(crate) fn replica() -> Self {
        Self::refused(
            "the server is a replica, which may lag behind what was answered; connect to the primary",
        )
    }

    /// A failure while connecting: whatever it is, nothing was sent.
    pub(crate) fn connecting(error: sqlx::Error, options: &PostgresOptions) -> Self {
        let server = options.server();
        match error {
            sqlx::Error::Protocol(detail) => {
                let detail = format!("{server} does not speak PostgreSQL's protocol ({detail})");
                Self::new(Kind::NotAStore, detail)
            }
            sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData || is_gibberish(&error) => {
                Self::new(Kind::NotAStore, format!("{server} does not speak PostgreSQL's protocol"))
            }
            sqlx::Error::Io(error) => {
                Self::new(Kind::Unreached, format!("{server} cannot be reached: {error}"))
            }
            sqlx::Error::Tls(error) => Self::refused(format!(
                "no encrypted connection to {server}: {error}; check sslmode and sslrootcert"
            )),
            error => {
                let fault = Self::from(error);
                match fault.kind {
                    Kind::Lost | Kind::NoAnswer => Self { kind: Kind::Unreached, ..fault },
                    _ => fault.explained(options),
                }
            }
        }
    }

    /// With what a person can do about it.
    fn explained(self, options: &PostgresOptions) -> Self {
        let (role, database) = (options.role(), options.database_name());
        let remedy = match self.code.as_str() {
            "28P01" | "28000" => {
                format!("check the password of {role:?} and the server's pg_hba.conf")
            }
            "3D000" => format!("create the database {database:?} first, or name another"),
            "42501" => format!("grant {role:?} the right to connect to {database:?}"),
            _ => return self,
        };
        Self { detail: format!("{}; {remedy}", self.detail), ..self }
    }

    /// Whether a statement that failed so may have had its effect.
    pub(crate) fn effect(&self) -> Effect {
        match self.kind {
            Kind::Lost | Kind::NoAnswer => Effect::Unknown,
            _ => Effect::NotWritten,
        }
    }

    /// Whether the same may succeed a little later, on a new connection.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unreached
                | Kind::Lost
                | Kind::NoAnswer
                | Kind::Busy
                | Kind::Locked
                | Kind::Deadlocked
                | Kind::Taken
        )
    }

    /// Whether whatever was sent would have failed so, not just one commit among others.
    pub(crate) fn is_everybodys(&self) -> bool {
        !matches!(self.kind, Kind::Taken | Kind::Deadlocked | Kind::Locked | Kind::Refused | Kind::Damaged)
    }

    /// Whether the connection itself is what failed, or leads to a server that another took over from.
    pub(crate) fn spoils_connection(&self) -> bool {
        matches!(self.kind, Kind::Unreached | Kind::Lost | Kind::NoAnswer | Kind::NotAStore | Kind::ReadOnly)
    }

    /// The fault as the port's error, for a caller who was `doing` something.
    pub(crate) fn told(&self, doing: &str, options: &PostgresOptions) -> StoreError {
        let doing = doing.to_owned();
        let source = || Box::new(self.clone());
        match self.kind {
            Kind::Unreached | Kind::Lost | Kind::Busy | Kind::Deadlocked | Kind::Taken => {
                StoreError::Unavailable { doing, source: source() }
            }
            Kind::TimedOut => StoreError::TimedOut { doing, after: options.statement_timeout },
            Kind::NoAnswer | Kind::Crowded => StoreError::TimedOut { doing, after: options.timeout },
            Kind::Locked => StoreError::TimedOut { doing, after: options.lock_timeout },
            Kind::Full => StoreError::Full { doing, source: source() },
            Kind::ReadOnly => StoreError::ReadOnly { doing, source: source() },
            Kind::Damaged => {
                let detail = format!("{}: {}", options.location(), self.detail);
                StoreError::Damaged { doing, detail }
            }
            Kind::NotAStore => {
                StoreError::NotAStore { what: options.location(), detail: self.detail.clone() }
            }
            Kind::Refused => StoreError::Refused { doing, reason: self.detail.clone() },
        }
    }
}

impl Failure {
    pub(crate) fn told(self, doing: &str, options: &PostgresOptions) -> StoreError {
        match self {
            Self::Fault(fault) => fault.told(doing, options),
            Self::Told(error) => error,
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match error {
            Error::Database(told) => match told.try_downcast_ref::<PgDatabaseError>() {
                Some(told) => of_server(told),
                None => Self::refused(told.to_string()),
            },
            Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => Self::new(Kind::Lost, error.to_string()),
            Error::ColumnDecode { .. }
            | Error::Decode(_)
            | Error::ColumnNotFound(_)
            | Error::ColumnIndexOutOfBounds { .. }
            | Error::RowNotFound
            | Error::TypeNotFound { .. } => Self::damaged(error.to_string()),
            _ => Self::refused(error.to_string()),
        }
    }
}

/// Whether what a server first said, read as a message of the protocol, announced more than any server would: a web
/// server's `HTTP/1.1` is a message of 1.4 GB. The driver has the length in its words alone.
fn is_gibberish(error: &std::io::Error) -> bool {
    const MESSAGE_MAX: u64 = 1024 * 1024;
    let text = error.to_string();
    let announced = text.strip_prefix("expected to read ").and_then(|rest| rest.split(' ').next());
    announced.and_then(|digits| digits.parse::<u64>().ok()).is_some_and(|announced| announced > MESSAGE_MAX)
}

/// What the server said, by its code (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn of_server(told: &PgDatabaseError) -> Fault {
    let code = told.code();
    let kind = match code {
        "23505" => Kind::Taken,
        "40P01" | "40001" => Kind::Deadlocked,
        "55P03" => Kind::Locked,
        "57014" => Kind::TimedOut,
        "25006" => Kind::ReadOnly,
        "53100" => Kind::Full,
        "57P03" | "53300" => Kind::Unreached,
        "57P01" | "57P02" | "57P05" | "25P03" | "25P04" => Kind::Lost,
        "58030" | "58P01" | "XX001" | "XX002" => Kind::Damaged,
        _ if code.starts_with("08") => Kind::Lost,
        _ if code.starts_with("53") => Kind::Busy,
        _ => Kind::Refused,
    };
    let mut detail = format!("{} ({code})", told.message());
    if code == "42501" {
        detail.push_str("; grant the role this right");
    }
    if let Some(hint) = told.hint() {
        detail.push_str("; ");
        detail.push_str(hint);
    }
    let key = if kind == Kind::Taken { told.detail().map(str::to_owned) } else { None };
    Fault { kind, detail, code: code.to_owned(), key }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}
