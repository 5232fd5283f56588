//! Upkeep of the store: work that may take long, on a connection of its own and without the time-outs of commits and
//! reads, in one transaction that sees one moment.

use std::path::Path;

use annals_ports::{Backup, Findings, OnUpkeep, Recovered, StoreError, Upkeep, ViewId};
use async_trait::async_trait;
use sqlx::postgres::PgConnection;

use crate::database::{Database, command};
use crate::fault::Fault;
use crate::{PostgresStore, check, recover, sql, sweep};

/// As long as it takes; and whole tables are read where that is quickest.
const AT_LEISURE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on; \
     SET LOCAL plan_cache_mode = auto; SET LOCAL idle_in_transaction_session_timeout = '1min'";

#[async_trait]
impl Upkeep for PostgresStore {
    async fn check(&self, on_progress: OnUpkeep<'_>) -> Result<Findings, StoreError> {
        let database = self.database();
        let told = |fault: Fault| {
            fault.told(&format!("checking {}", database.options.location()), &database.options)
        };
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut connection = at_leisure(database, begin).await.map_err(told)?;
        let findings = check::check(&mut connection, database, on_progress).await.map_err(told)?;
        command(&mut connection, "COMMIT".to_owned()).await.map_err(told)?;
        Ok(findings)
    }

    async fn index_values(
        &self,
        view: &ViewId,
        keys: &[String],
    ) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        let database = self.database();
        let doing = || format!("reading the index values of {view}");
        let query = || {
            let query = database.query(sql!("index_values")).bind(view.name.as_str());
            query.bind(i64::from(view.version)).bind(keys)
        };
        let mut values: Vec<Vec<(String, String)>> = vec![Vec::new(); keys.len()];
        for row in database.read(doing, query).await? {
            let told = |fault: Fault| fault.told(&doing(), &database.options);
            let place = crate::rows::integer(&row, 0).map_err(told)?;
            let pair = |column| crate::rows::text(&row, column).map(str::to_owned).map_err(told);
            let pair = (pair(1)?, pair(2)?);
            if let Some(of_key) = usize::try_from(place - 1).ok().and_then(|place| values.get_mut(place)) {
                of_key.push(pair);
            }
        }
        Ok(values)
    }

    async fn backup(&self, _: &Path, _: OnUpkeep<'_>) -> Result<Backup, StoreError> {
        let options = &self.database().options;
        let reason = format!(
            "PostgreSQL has tools of its own for that: pg_dump --schema={} copies this store, pg_basebackup and \
             write-ahead archiving the whole server",
            options.schema_name()
        );
        Err(StoreError::Refused { doing: format!("backing up {}", options.location()), reason })
    }

    async fn recover(&self) -> Result<Recovered, StoreError> {
        let database = self.database();
        let told = |fault: Fault| fault.told("removing what is ahead of history", &database.options);
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        let mut connection = at_leisure(database, begin).await.map_err(told)?;
        let recovered = recover::recover(&mut connection, database).await.map_err(told)?;
        command(&mut connection, "COMMIT".to_owned()).await.map_err(told)?;
        sweep::start(database);
        Ok(recovered)
    }
}

/// A new connection with a transaction open on it. Dropping it takes back what was done.
async fn at_leisure(database: &Database, begin: &str) -> Result<PgConnection, Fault> {
    let mut connection = database.connect().await?;
    command(&mut connection, format!("{begin}; {AT_LEISURE}")).await?;
    Ok(connection)
}
