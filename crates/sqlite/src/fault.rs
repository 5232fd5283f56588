//! What SQLite says when it fails, and what that means at a port (law E01).
//!
//! A [`Fault`] can be told to many callers, each with what it was doing: one transaction carries many commits.

use annals_ports::StoreError;
use rusqlite::ErrorCode;

use crate::options::SqliteOptions;

/// A failure of the file or of what stands in it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Fault {
    kind: Kind,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Another process holds the file.
    Busy,
    Full,
    ReadOnly,
    Damaged,
    NotADatabase,
    CannotOpen,
    /// The file system failed; it may come back.
    Unavailable,
    Refused,
}

/// Why a reader has no answer: the file failed, or there is none to give.
#[derive(Debug)]
pub(crate) enum Failure {
    Fault(Fault),
    Told(StoreError),
}

impl Fault {
    /// What stands in the file is not what was put there.
    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Damaged, detail: detail.into() }
    }

    /// The store's own thread or its file is gone for now.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Unavailable, detail: detail.into() }
    }

    /// There is no room left.
    pub(crate) fn full(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Full, detail: detail.into() }
    }

    /// Something that trying again will not change.
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, detail: detail.into() }
    }

    /// Whether the file itself is what is wrong.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self.kind, Kind::Damaged | Kind::NotADatabase)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.kind == Kind::Busy
    }

    /// Whether SQLite cannot work with the file where it lies.
    pub(crate) fn is_about_opening(&self) -> bool {
        matches!(self.kind, Kind::CannotOpen | Kind::ReadOnly)
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.kind == Kind::ReadOnly
    }

    /// Whether a commit that failed so is certain to have left nothing: no sync had begun.
    pub(crate) fn leaves_nothing(&self) -> bool {
        matches!(self.kind, Kind::Busy | Kind::Full | Kind::ReadOnly)
    }

    /// Whether the connection itself may be what failed.
    pub(crate) fn spoils_connection(&self) -> bool {
        !matches!(self.kind, Kind::Busy | Kind::Full | Kind::ReadOnly | Kind::Refused)
    }

    /// The fault as the port's error, for a caller who was `doing` something.
    pub(crate) fn told(&self, doing: &str, options: &SqliteOptions) -> StoreError {
        let doing = doing.to_owned();
        let source = || Box::new(self.clone());
        let location = options.location();
        match self.kind {
            Kind::Busy => StoreError::TimedOut { doing, after: options.busy_timeout },
            Kind::Full => StoreError::Full { doing, source: source() },
            Kind::ReadOnly => StoreError::ReadOnly { doing, source: source() },
            Kind::Damaged => StoreError::Damaged { doing, detail: format!("{location}: {}", self.detail) },
            Kind::NotADatabase => {
                StoreError::NotAStore { what: location, detail: "it is no SQLite database".to_owned() }
            }
            Kind::CannotOpen => StoreError::Refused {
                doing,
                reason: format!("{location} cannot be opened: {}; {}", self.detail, remedy(options)),
            },
            Kind::Unavailable => StoreError::Unavailable { doing, source: source() },
            Kind::Refused => StoreError::Refused { doing, reason: self.detail.clone() },
        }
    }
}

fn remedy(options: &SqliteOptions) -> String {
    let folder = options.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.exists()
    {
        return format!("create the directory {} first", folder.display());
    }
    if options.path.is_dir() {
        return "it is a directory: name a file in it".to_owned();
    }
    if !options.path.exists() && (options.read_only || !options.create) {
        return "there is no such file: name one that exists, or allow it to be created".to_owned();
    }
    if std::fs::metadata(options.write_ahead_log()).is_ok_and(|log| log.len() > 0) {
        // Not even to read: what was committed last stands in the log, which SQLite cannot work with there.
        return format!(
            "allow this user to write the file and its directory, or copy it, together with {}, to where it can be \
             written",
            options.write_ahead_log().display()
        );
    }
    "allow this user to read the file, and to write it and its directory".to_owned()
}

impl Failure {
    pub(crate) fn told(self, doing: &str, options: &SqliteOptions) -> StoreError {
        match self {
            Self::Fault(fault) => fault.told(doing, options),
            Self::Told(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        let kind = match &error {
            Error::SqliteFailure(code, _) => kind_of(code.code),
            Error::QueryReturnedNoRows
            | Error::InvalidColumnType(..)
            | Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
            | Error::SqlInputError { .. } => Kind::Damaged,
            _ => Kind::Refused,
        };
        Self { kind, detail: error.to_string() }
    }
}

fn kind_of(code: ErrorCode) -> Kind {
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            Kind::Busy
        }
        ErrorCode::DiskFull => Kind::Full,
        ErrorCode::ReadOnly => Kind::ReadOnly,
        // A constraint that fails although everything was checked before means that the tables contradict
        // each other; so does a statement that no longer fits the schema.
        ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation | ErrorCode::Unknown => Kind::Damaged,
        ErrorCode::NotADatabase => Kind::NotADatabase,
        ErrorCode::CannotOpen => Kind::CannotOpen,
        ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::SchemaChanged => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}
