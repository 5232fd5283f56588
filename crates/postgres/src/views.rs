//! Views: the port, and reading what a view keeps. Laws V.

use annals_core::{Json, StreamId, Version};
use annals_ports::{
    Checkpoint, Lease, Parked, RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState,
    ViewStore,
};
use async_trait::async_trait;
use sqlx::postgres::PgRow;

use crate::PostgresStore;
use crate::database::{Query, Statement};
use crate::fault::Fault;
use crate::rows::{self, integer, text};
use crate::sql;
use crate::sweep;
use crate::view_changes;
use crate::view_pages;

#[async_trait]
impl ViewStore for PostgresStore {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        let database = self.database();
        let doing = || "listing the views".to_owned();
        let found = database.read(doing, || database.query(sql!("views"))).await?;
        let states: Result<_, Fault> = found.iter().map(state).collect();
        states.map_err(|fault| fault.told(&doing(), &database.options))
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        let database = self.database();
        let doing = || format!("reading the state of {view}");
        let found = database.read(doing, || of_view(database.query(sql!("view")), view)).await?;
        let state = found.first().map(state).transpose();
        state.map_err(|fault| fault.told(&doing(), &database.options))
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        self.each(sql!("view_rows"), "rows", view, keys.to_vec(), |row: &mut Option<Json>, found| {
            *row = Some(Json::as_stored(text(found, 1)?));
            Ok(())
        })
        .await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        view_pages::page(self.database(), view, query).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.each(sql!("routes"), "routes", view, names(streams), |keys: &mut Vec<String>, found| {
            keys.push(text(found, 1)?.to_owned());
            Ok(())
        })
        .await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        let database = self.database();
        let doing = || format!("reading parked events of {view}");
        let streams = names(streams);
        let find = || of_view(database.query(sql!("parked")), view).bind(streams.clone());
        let found = database.read(doing, find).await?;
        let parked: Result<_, Fault> = found.iter().map(parked).collect();
        parked.map_err(|fault| fault.told(&doing(), &database.options))
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        batch.checkpoint.position.single_in(self.database().id)?;
        view_changes::apply(self.database(), &batch).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        let is_dropped = view_changes::reset(self.database(), view, lease).await?;
        if is_dropped {
            sweep::start(self.database());
        }
        Ok(())
    }
}

impl PostgresStore {
    /// What a statement finds for each of `wanted`, in their order: its rows begin with the place of what they are for.
    async fn each<T: Default + Clone>(
        &self,
        statement: Statement,
        what: &str,
        view: &ViewId,
        wanted: Vec<String>,
        keep: impl Fn(&mut T, &PgRow) -> Result<(), Fault>,
    ) -> Result<Vec<T>, StoreError> {
        let database = self.database();
        let doing = || format!("reading {what} of {view}");
        let find = || of_view(database.query(statement), view).bind(wanted.clone());
        let mut each = vec![T::default(); wanted.len()];
        for row in database.read(doing, find).await? {
            let kept = integer(&row, 0).and_then(|place| {
                let place = usize::try_from(place - 1).ok().and_then(|place| each.get_mut(place));
                place.map_or(Ok(()), |kept| keep(kept, &row))
            });
            kept.map_err(|fault| fault.told(&doing(), &database.options))?;
        }
        Ok(each)
    }
}

/// A statement whose first values are a view's name and version.
pub(crate) fn of_view(query: Query, view: &ViewId) -> Query {
    query.bind(view.name.clone()).bind(i64::from(view.version))
}

fn names(streams: &[StreamId]) -> Vec<String> {
    streams.iter().map(|stream| stream.as_str().to_owned()).collect()
}

fn state(row: &PgRow) -> Result<ViewState, Fault> {
    let count = |column| Ok::<_, Fault>(u64::try_from(integer(row, column)?).unwrap_or(0));
    let version = u32::try_from(integer(row, 2)?).unwrap_or(0);
    let view = ViewId::new(text(row, 1)?, version);
    let position = text(row, 3)?.parse();
    let position = position.map_err(|error| Fault::damaged(format!("the checkpoint of {view}: {error}")))?;
    let last_recorded_at = rows::timestamp_or_null(row, 5)?;
    let checkpoint = Checkpoint { position, events: count(4)?, last_recorded_at };
    Ok(ViewState { view, checkpoint, rows: count(6)?, parked: count(7)? })
}

fn parked(row: &PgRow) -> Result<Parked, Fault> {
    let stream = |column| {
        let stream = text(row, column)?.parse();
        stream.map_err(|error| Fault::damaged(format!("a parked event: {error}")))
    };
    let version = Version::new(u64::try_from(integer(row, 2)?).unwrap_or(0));
    Ok(Parked { awaits: stream(0)?, stream: stream(1)?, version })
}
