//! A statement, and how it is run on a connection: by itself, within a transaction, and with its rows handed over as they
//! arrive.

use std::sync::Arc;

use futures::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Postgres, SqlStr};

use crate::fault::Fault;
use crate::options::{Pooler, PostgresOptions};
use crate::schema::quoted;

/// A statement with its values.
pub(crate) type Query = sqlx::query::Query<'static, Postgres, PgArguments>;

/// A statement in a file of its own, in which `{schema}` stands for the schema.
#[derive(Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// What runs statements within a transaction. After a fault nothing more can be done but to roll back.
pub(crate) trait Run: Send {
    /// Runs one statement.
    fn run(&mut self, query: Query) -> impl Future<Output = Result<Vec<PgRow>, Fault>> + Send;
}

/// A transaction that is its owner's to begin and to end.
impl Run for PgConnection {
    async fn run(&mut self, query: Query) -> Result<Vec<PgRow>, Fault> {
        fetch(self, query).await
    }
}

/// What takes the rows of an answer as they arrive, while the server is at those that follow.
pub(crate) trait Take: Send {
    fn take(&mut self, row: PgRow) -> Result<(), Fault>;
}

impl Take for Vec<PgRow> {
    fn take(&mut self, row: PgRow) -> Result<(), Fault> {
        self.push(row);
        Ok(())
    }
}

/// Runs one statement by itself. It is its own transaction, or behind a pooler in an explicit one.
pub(crate) async fn alone(
    connection: &mut PgConnection,
    query: Query,
    options: &PostgresOptions,
) -> Result<Vec<PgRow>, Fault> {
    let mut rows = Vec::new();
    alone_into(connection, query, options, &mut rows).await?;
    Ok(rows)
}

pub(crate) async fn alone_into(
    connection: &mut PgConnection,
    query: Query,
    options: &PostgresOptions,
    into: &mut impl Take,
) -> Result<(), Fault> {
    if options.pooler == Pooler::Session {
        return fetch_into(connection, query, into).await;
    }
    command(connection, options.begin()).await?;
    match fetch_into(connection, query, into).await {
        Ok(()) => command(connection, "COMMIT".to_owned()).await,
        Err(fault) if fault.spoils_connection() => Err(fault),
        Err(fault) => {
            command(connection, "ROLLBACK".to_owned()).await?;
            Err(fault)
        }
    }
}

async fn fetch_into(connection: &mut PgConnection, query: Query, into: &mut impl Take) -> Result<(), Fault> {
    let mut rows = query.fetch(connection);
    let mut taken = Ok(());
    // To its end, whatever is taken: the connection is used again.
    while let Some(row) = rows.try_next().await? {
        if taken.is_ok() {
            taken = into.take(row);
        }
    }
    taken
}

/// Runs one statement to its end: what goes wrong at the end of its transaction is an error, too.
pub(crate) async fn fetch(connection: &mut PgConnection, query: Query) -> Result<Vec<PgRow>, Fault> {
    Ok(query.fetch_all(connection).await?)
}

/// Runs commands without values or answers.
pub(crate) async fn command(connection: &mut PgConnection, text: String) -> Result<(), Fault> {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

/// A statement's text for a schema, whose name is quoted.
pub(crate) fn sql_for(text: &str, schema: &str) -> SqlStr {
    use sqlx::SqlSafeStr as _;
    let text: Arc<str> = text.replace("{schema}", &quoted(schema)).into();
    AssertSqlSafe(text).into_sql_str()
}
