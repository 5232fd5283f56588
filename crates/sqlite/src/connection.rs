//! Opening a connection: flags and settings, the same for whoever opens one. A connection belongs to one thread.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use crate::busy;
use crate::fault::Fault;
use crate::options::{Durability, SqliteOptions};
use annals_ports::tokens;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

/// Pages of 4 KiB in the write-ahead log before it is copied back into the file.
const CHECKPOINT_PAGES: i64 = 4_000;
const CACHE_KIB: i64 = 16 * 1024;
const STATEMENTS: usize = 96;

/// Opens the file; creates it only for a writer that may.
pub(crate) fn open(options: &SqliteOptions, role: Role) -> Result<Connection, Fault> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if options.read_only {
        flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
    } else {
        flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
        if role == Role::Writer && options.create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
    }
    let connection = if options.immutable {
        Connection::open_with_flags(immutable(options)?, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(&options.path, flags)?
    };
    busy::attend(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    match role {
        Role::Writer => {
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            synchronous(&connection, options.durability)?;
        }
        Role::Reader => connection.pragma_update(None, "query_only", true)?,
    }
    Ok(connection)
}

/// The file's URI, by which SQLite reads it without locks and without files beside it.
fn immutable(options: &SqliteOptions) -> Result<String, Fault> {
    let path = options.path.to_str();
    let path = path.ok_or_else(|| Fault::refused("the path is not UTF-8; write a path that is"))?;
    Ok(format!("file:{}?immutable=1", tokens::join(&[path])))
}

/// Opens the file once more for the writer. Nothing is created: what was there is there, or the store is not.
pub(crate) fn reopen(options: &SqliteOptions) -> Result<Connection, Fault> {
    open(&SqliteOptions { create: false, ..options.clone() }, Role::Writer)
}

/// Closes whatever holds a connection, one at a time in this process: of two that go at the same moment each takes the other
/// for somebody who stays, and the files beside the store would be left behind.
pub(crate) fn close<T>(held: T) {
    static CLOSING: Mutex<()> = Mutex::new(());
    let _alone = CLOSING.lock().unwrap_or_else(PoisonError::into_inner);
    drop(held);
}

/// Sets what the connection's next transactions survive.
pub(crate) fn synchronous(connection: &Connection, durability: Durability) -> Result<(), Fault> {
    let statement = match durability {
        Durability::Full => "PRAGMA synchronous = FULL",
        Durability::Normal => "PRAGMA synchronous = NORMAL",
        Durability::Off => "PRAGMA synchronous = OFF",
    };
    Ok(connection.execute_batch(statement)?)
}

/// Runs a statement without parameters that gives no rows, prepared once.
pub(crate) fn run(connection: &Connection, statement: &str) -> Result<(), Fault> {
    connection.prepare_cached(statement)?.raw_execute()?;
    Ok(())
}

/// Takes back whatever a transaction has done, if one is open.
pub(crate) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // Should even this fail, the connection is found spoiled by its next use.
        let _ = run(connection, "ROLLBACK");
    }
}
