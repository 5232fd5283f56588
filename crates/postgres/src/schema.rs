//! Which schema is a store of ours, and how its tables come about: in one transaction under an advisory lock, so that
//! any number of processes may start at once, and one that is interrupted leaves nothing behind.

use annals_core::StoreId;
use annals_ports::StoreError;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use crate::database::{Query, Statement, alone, command, fetch, sql_for};
use crate::fault::{Failure, Fault, Kind};
use crate::options::PostgresOptions;
use crate::sql;

/// The schema version that this release writes.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The files of migration `n`, which leads from schema version `n` to the next.
const MIGRATIONS: [&[Statement]; SCHEMA_VERSION as usize] = [&[
    sql!("0001_history"),
    sql!("0001_feed"),
    sql!("0001_snapshots"),
    sql!("0001_leases"),
    sql!("0001_views"),
]];

/// The oldest server that is understood, as it numbers itself.
const OLDEST_SERVER: u32 = 150_000;

/// What a schema holds.
enum Found {
    Nothing { schema_exists: bool },
    Store { id: StoreId, schema: u32 },
}

/// Whether a transaction is open.
#[derive(Clone, Copy)]
enum Within {
    Nothing,
    Transaction,
}

/// A name as SQL writes it, whatever it holds.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Refuses a server that is too old.
pub(crate) fn check_server(version: Option<u32>) -> Result<(), Fault> {
    match version {
        Some(version) if version < OLDEST_SERVER => Err(Fault::refused(format!(
            "the server is PostgreSQL {}, which is too old; use {} or later",
            version / 10_000,
            OLDEST_SERVER / 10_000
        ))),
        _ => Ok(()),
    }
}

/// Makes sure that the schema is a store at this release's version, and gives its id.
pub(crate) async fn prepare(
    connection: &mut PgConnection,
    options: &PostgresOptions,
) -> Result<StoreId, Failure> {
    match identify(connection, options, Within::Nothing).await? {
        Found::Store { id, schema: SCHEMA_VERSION } => return Ok(id),
        Found::Nothing { .. } if !options.create => {
            let detail = "it holds no store, and none is to be created".to_owned();
            return Err(StoreError::NotAStore { what: options.location(), detail }.into());
        }
        Found::Store { schema, .. } if !options.create => {
            return Err(Fault::refused(format!(
                "{} has schema version {schema}, and is not to be migrated to {SCHEMA_VERSION}",
                options.location()
            ))
            .into());
        }
        Found::Nothing { .. } | Found::Store { .. } => {}
    }
    command(connection, options.begin()).await?;
    let migrated = migrate(connection, options).await;
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = command(connection, end.to_owned()).await;
    let id = migrated?;
    ended?;
    Ok(id)
}

async fn identify(
    connection: &mut PgConnection,
    options: &PostgresOptions,
    within: Within,
) -> Result<Found, Failure> {
    let query = asked_once(sql!("identify"), options).bind(options.schema.clone());
    let rows = ask(connection, query, options, within).await?;
    let row = rows.first().ok_or_else(|| Fault::damaged("the server gave no answer about itself"))?;
    let encoding: String = row.try_get(0)?;
    if encoding != "UTF8" {
        let detail = format!(
            "the database {:?} has the encoding {encoding}; create one with the encoding UTF8",
            options.database_name()
        );
        return Err(Fault::refused(detail).into());
    }
    let (schema_exists, table_exists): (bool, bool) = (row.try_get(1)?, row.try_get(2)?);
    if !table_exists {
        return Ok(Found::Nothing { schema_exists });
    }
    let query = asked_once(sql!("store"), options);
    let found = ask(connection, query, options, within).await.map_err(|fault| foreign(fault, options))?;
    let Some(row) = found.first() else {
        let detail = format!("the table {}.store is empty", quoted(&options.schema));
        return Err(StoreError::NotAStore { what: options.location(), detail }.into());
    };
    let (id, schema): (Uuid, i32) = (row.try_get(0)?, row.try_get(1)?);
    let schema = u32::try_from(schema).unwrap_or(0);
    if schema > SCHEMA_VERSION {
        let what = options.location();
        return Err(StoreError::NewerSchema { what, found: schema, supported: SCHEMA_VERSION }.into());
    }
    Ok(Found::Store { id: StoreId::from_bytes(*id.as_bytes()), schema })
}

/// Runs what is missing, within the transaction that is open.
async fn migrate(connection: &mut PgConnection, options: &PostgresOptions) -> Result<StoreId, Failure> {
    // Who comes second waits for the first, however long its migration takes.
    let patience = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0".to_owned();
    command(connection, patience).await?;
    let lock = asked_once(sql!("lock_schema"), options).bind(options.schema.clone());
    fetch(connection, lock).await?;
    let from = match identify(connection, options, Within::Transaction).await? {
        Found::Store { id, schema: SCHEMA_VERSION } => return Ok(id),
        Found::Store { schema, .. } => schema,
        Found::Nothing { schema_exists } => {
            if !schema_exists {
                let create = format!("CREATE SCHEMA {}", quoted(&options.schema));
                command(connection, create).await.map_err(|fault| without_rights(fault, options))?;
            }
            0
        }
    };
    let missing: Vec<Statement> = MIGRATIONS[from as usize..].concat();
    for statement in missing {
        let text = sql_for(statement.text, &options.schema).as_str().to_owned();
        command(connection, text).await.map_err(|fault| foreign(without_rights(fault, options), options))?;
    }
    let version = i32::try_from(SCHEMA_VERSION).unwrap_or(i32::MAX);
    let keep = asked_once(sql!("keep_store"), options);
    let id = Uuid::from_bytes(*StoreId::new().as_bytes());
    let rows = fetch(connection, keep.bind(id).bind(version)).await?;
    let row = rows.first().ok_or_else(|| Fault::damaged("the store's id was not kept"))?;
    let id: Uuid = row.try_get(0)?;
    Ok(StoreId::from_bytes(*id.as_bytes()))
}

/// A statement that is run once: it is not kept by name, on a connection that behind a pooler others get next.
fn asked_once(statement: Statement, options: &PostgresOptions) -> Query {
    sqlx::query(sql_for(statement.text, &options.schema)).persistent(false)
}

async fn ask(
    connection: &mut PgConnection,
    query: Query,
    options: &PostgresOptions,
    within: Within,
) -> Result<Vec<PgRow>, Fault> {
    match within {
        Within::Nothing => alone(connection, query, options).await,
        Within::Transaction => fetch(connection, query).await,
    }
}

/// Tables that are there already and are not ours.
fn foreign(fault: Fault, options: &PostgresOptions) -> Fault {
    match fault.code.as_str() {
        "42P07" | "42703" | "42P01" | "42723" | "42710" => Fault::new(
            Kind::NotAStore,
            format!("its tables are another program's: {}; name another schema", fault.detail),
        ),
        "42501" => without_rights(fault, options),
        _ => fault,
    }
}

fn without_rights(fault: Fault, options: &PostgresOptions) -> Fault {
    if fault.code != "42501" {
        return fault;
    }
    Fault::refused(format!(
        "{}; have an owner open the store once, or grant {:?} the right to create the schema {:?}",
        fault.detail,
        options.role(),
        options.schema
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_quote_stays_one_name() {
        assert_eq!(quoted("an\"nals; drop"), "\"an\"\"nals; drop\"");
    }

    #[test]
    fn a_server_that_is_too_old_is_refused_by_its_version() {
        let told = check_server(Some(140_009)).unwrap_err().to_string();
        assert_eq!(told, "the server is PostgreSQL 14, which is too old; use 15 or later");
        assert!(check_server(Some(150_000)).is_ok());
        assert!(check_server(Some(180_004)).is_ok());
    }
}
