//! Which file is a store of ours, and how its tables come about: one transaction under SQLite's write lock, so
//! that any number of processes may open a new file at once. Nothing is changed in a file that is not ours.

use annals_core::StoreId;
use annals_ports::StoreError;
use rusqlite::Connection;

use crate::busy;
use crate::connection::{roll_back, run};
use crate::fault::{Failure, Fault};
use crate::options::SqliteOptions;
use crate::rows::bytes;
use crate::sql;

/// "annl", in the file's header: what tells a store from other SQLite databases.
const APPLICATION_ID: i32 = 0x616e_6e6c;

/// The schema version that this release writes.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Migration `n` leads from schema version `n` to the next.
const MIGRATIONS: [&str; SCHEMA_VERSION as usize] = [sql!("migration_001")];

/// What a file holds.
enum Found {
    Nothing,
    Store { schema: u32 },
}

/// Makes sure that the file is a store at this release's schema, and gives its id.
pub(crate) fn prepare(connection: &Connection, options: &SqliteOptions) -> Result<StoreId, Failure> {
    // One transaction, so that a file which another process is just creating is seen as nothing or as a store.
    run(connection, "BEGIN")?;
    let found = identify(connection, options);
    roll_back(connection);
    match found? {
        Found::Store { schema: SCHEMA_VERSION } => {}
        Found::Nothing if options.read_only => {
            let detail = "it is empty".to_owned();
            return Err(StoreError::NotAStore { what: options.location(), detail }.into());
        }
        Found::Nothing | Found::Store { .. } => {
            keep_write_ahead_log(connection)?;
            run(connection, "BEGIN IMMEDIATE")?;
            let migrated = migrate(connection, options);
            roll_back(connection);
            migrated?;
        }
    }
    let id = connection.query_row(sql!("store_id"), [], |row| Ok(bytes::<16>(row, 0)))??;
    Ok(StoreId::from_bytes(id))
}

fn identify(connection: &Connection, options: &SqliteOptions) -> Result<Found, Failure> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let application = number("application_id")?;
    let schema = number("user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let what = options.location();
    if application == APPLICATION_ID {
        let schema = u32::try_from(schema).unwrap_or(0);
        if schema > SCHEMA_VERSION {
            return Err(StoreError::NewerSchema { what, found: schema, supported: SCHEMA_VERSION }.into());
        }
        Ok(Found::Store { schema })
    } else if application == 0 && schema == 0 && tables == 0 {
        Ok(Found::Nothing)
    } else {
        let detail = format!(
            "it is an SQLite database of another program (application id {application}, {tables} tables and indexes)"
        );
        Err(StoreError::NotAStore { what, detail }.into())
    }
}

/// Readers and a writer side by side. SQLite does not wait by itself while it changes this.
fn keep_write_ahead_log(connection: &Connection) -> Result<(), Fault> {
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let detail = format!(
                    "its file system allows no write-ahead log (SQLite stays at {mode}); use a local disk"
                );
                return Err(Fault::refused(detail));
            }
            Err(error) => {
                let fault = Fault::from(error);
                if !fault.is_busy() || !busy::wait() {
                    return Err(fault);
                }
            }
        }
    }
}

/// The whole schema, in an empty database.
pub(crate) fn migrate_whole(empty: &Connection) -> Result<(), Fault> {
    Ok(MIGRATIONS.iter().try_for_each(|migration| empty.execute_batch(migration))?)
}

/// Runs what is missing, within the transaction that is open, and commits it.
fn migrate(connection: &Connection, options: &SqliteOptions) -> Result<(), Failure> {
    // Another process may have done it while this one waited for the lock.
    let (from, is_new) = match identify(connection, options)? {
        Found::Nothing => (0, true),
        Found::Store { schema } => (schema as usize, false),
    };
    for migration in &MIGRATIONS[from..] {
        connection.execute_batch(migration)?;
    }
    if is_new {
        connection.execute(sql!("insert_store"), [StoreId::new().as_bytes()])?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    run(connection, "COMMIT")?;
    Ok(())
}
