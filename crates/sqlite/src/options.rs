//! How a store is opened: its file, its patience, how much it risks for speed. Options come from code, or from a
//! URL, in which what is not known is refused by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_ports::{Clock, StoreError, SystemClock};

use annals_ports::tokens;

const KNOWN: &str = "batch_max, busy_timeout (milliseconds), create, durability (full, normal, off), read_only, reader_threads";

/// As good as for ever, for a wait that a clock cannot even count to.
pub(crate) const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a commit that was answered survives. Whatever is chosen, it survives a crash of the process, and the file
/// stays whole unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut, too: each transaction is synced to disk before it is answered.
    #[default]
    Full,
    /// After a power cut the last commits may be missing, from some moment on.
    Normal,
    /// After a power cut the file may be damaged. For tests and for stores that can be built again.
    Off,
}

/// How to open a store.
///
/// ```
/// use annals_sqlite::{Durability, SqliteOptions};
///
/// let in_code = SqliteOptions::new("shop.db").durability(Durability::Normal);
/// let by_url = SqliteOptions::from_url("sqlite://shop.db?durability=normal")?;
/// assert_eq!(in_code.path(), by_url.path());
/// # Ok::<(), annals_ports::StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(crate) path: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) durability: Durability,
    pub(crate) busy_timeout: Duration,
    pub(crate) create: bool,
    pub(crate) read_only: bool,
    /// Whether nobody can change the file: SQLite then needs no files beside it, which it could not make.
    pub(crate) immutable: bool,
    pub(crate) reader_threads: usize,
    pub(crate) batch_max: usize,
}

impl SqliteOptions {
    /// The store in this file, which is created when there is none.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            path: path.into(),
            clock: Arc::new(SystemClock),
            durability: Durability::default(),
            busy_timeout: Duration::from_secs(5),
            create: true,
            read_only: false,
            immutable: false,
            reader_threads: cores.min(4),
            batch_max: 256,
        }
    }

    /// Options by URL: `sqlite://shop.db` is a file in the working directory, `sqlite:///var/shop.db` one by its
    /// absolute path. Parameters are named as the methods here: `?durability=normal&busy_timeout=250`.
    ///
    /// # Errors
    /// When it is not of this form, names an unknown parameter, or a value that does not fit.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        // E04: whatever follows another scheme may hold a password.
        let shown = if url.starts_with("sqlite:") { url } else { url.split(':').next().unwrap_or_default() };
        let refuse = |reason: String| StoreError::Refused { doing: format!("reading {shown:?}"), reason };
        let rest = url
            .strip_prefix("sqlite://")
            .ok_or_else(|| refuse("write sqlite://FILE, for example sqlite://shop.db".to_owned()))?;
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let path = tokens::decode(path).ok_or_else(|| refuse("its path has a broken % escape".to_owned()))?;
        if path.is_empty() || path == ":memory:" {
            return Err(refuse("it names no file; write memory: for a store in memory".to_owned()));
        }
        let mut options = Self::new(path);
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            options = options.with(name, value).map_err(refuse)?;
        }
        Ok(options)
    }

    fn with(self, name: &str, value: &str) -> Result<Self, String> {
        let value_shown = value.escape_debug();
        let wrong =
            |expected: &str| format!("{name}={value_shown} is not understood; {expected} is expected");
        let number =
            || value.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| wrong("a number from 1"));
        let truth = || value.parse::<bool>().map_err(|_| wrong("true or false"));
        match name {
            "batch_max" => Ok(self.batch_max(number()?)),
            "busy_timeout" => Ok(self.busy_timeout(Duration::from_millis(number()? as u64))),
            "create" => Ok(self.create(truth()?)),
            "durability" => match value {
                "full" => Ok(self.durability(Durability::Full)),
                "normal" => Ok(self.durability(Durability::Normal)),
                "off" => Ok(self.durability(Durability::Off)),
                _ => Err(wrong("full, normal or off")),
            },
            "read_only" => Ok(self.read_only(truth()?)),
            "reader_threads" => Ok(self.reader_threads(number()?)),
            _ => Err(format!("the parameter {name:?} is not known; known are {KNOWN}")),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The clock that events are stamped and leases are timed by; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// What a commit that was answered survives; everything unless said otherwise.
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// For how long a call waits for others who hold the file before it answers `TimedOut`; 5 s unless said
    /// otherwise.
    #[must_use]
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// Whether a file that does not exist is created; yes unless said otherwise.
    #[must_use]
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// Whether the store may only be read; no unless said otherwise. A store where nothing can be written is opened so
    /// by itself.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    /// How many threads read, each with its own connection; at least 1, the machine's cores up to 4 unless said
    /// otherwise.
    #[must_use]
    pub fn reader_threads(self, reader_threads: usize) -> Self {
        Self { reader_threads: reader_threads.max(1), ..self }
    }

    /// The most commits in one transaction; at least 1, 256 unless said otherwise.
    #[must_use]
    pub fn batch_max(self, batch_max: usize) -> Self {
        Self { batch_max: batch_max.max(1), ..self }
    }

    /// The same store where nothing can be written, not even beside the file: a read-only disk, or another user's folder.
    /// None when there is no such file, or this is what was tried.
    pub(crate) fn where_nothing_can_be_written(&self) -> Option<Self> {
        let is_new = !self.immutable && self.path.is_file();
        // What stands in a write-ahead log is part of the store, and only SQLite can tell how much of it.
        let immutable = std::fs::metadata(self.write_ahead_log()).map_or(true, |log| log.len() == 0);
        is_new.then(|| Self { read_only: true, immutable, create: false, ..self.clone() })
    }

    /// The write-ahead log's file.
    pub(crate) fn write_ahead_log(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push("-wal");
        path.into()
    }

    /// The file as errors and descriptions show it.
    pub(crate) fn location(&self) -> String {
        self.path.display().to_string()
    }

    /// How long a caller waits for an answer once its request is under way: the wait for the file, and ample time
    /// for the work itself and for what is before it in the queue (E02).
    pub(crate) fn patience(&self) -> Duration {
        self.busy_timeout.saturating_mul(2).saturating_add(Duration::from_secs(10)).min(LONG)
    }

    /// The moment until which a request that comes now may wait for the file.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.busy_timeout.min(LONG)
    }
}
