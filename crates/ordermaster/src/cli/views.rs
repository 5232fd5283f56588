//! `ordermaster views …`: read models of any name: list, show, rebuild.

use annals::ports::{IndexValue, RowQuery, StoreError};
use annals::projection::{Progress, Projection, ProjectionError, ViewReadError};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::arguments::{at_least_one, status};
use super::table;
use super::{AppError, Busy, Session};
use crate::cli::output::note;
use crate::read_models::OrderSummary;
use crate::views::{AnyView, ViewRow};

/// The most events ahead of a view that are counted.
const BEHIND_MOST: u64 = 100_000;

/// What can be done with read models.
#[derive(Debug, Subcommand)]
pub(super) enum ViewsVerb {
    /// Every read model: how far it has come, and by what its rows can be found
    List,
    /// Rows of a read model, brought up to date first
    #[command(after_long_help = "\
Examples:
  ordermaster views show order_summary --key o-1
  ordermaster views show order_summary --index status=paid
  ordermaster views show customer_orders --index customer=ada --newest-first --limit 5
  ordermaster views show order_history --index order=o-1
  ordermaster views show daily_sales --json

A key of several parts is written with blanks between them: --key 'ada GBP'.")]
    Show {
        /// The read model's name
        name: String,
        /// The row under this key
        #[arg(long, conflicts_with_all = ["index", "newest_first", "limit"])]
        key: Option<String>,
        /// The rows with this value in one of the model's indexes
        #[arg(long, value_name = "NAME=VALUE", value_parser = index)]
        index: Option<(String, String)>,
        #[command(flatten)]
        options: ListOptions,
    },
    /// Build a read model again from the first event on
    Rebuild {
        /// The read model's name
        #[arg(required_unless_present = "all")]
        name: Option<String>,
        /// All read models
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
}

/// How many rows, in which order.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ListOptions {
    /// The most rows to print
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    pub(super) limit: usize,
    /// The last one first: the order placed last, or the event recorded last; `views show` wants --index for it
    #[arg(long)]
    pub(super) newest_first: bool,
}

fn index(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, for example customer=ada")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Debug, Serialize)]
struct ListedView {
    name: &'static str,
    version: u32,
    rows: u64,
    events: u64,
    parked: u64,
    up_to_date: bool,
    behind_events: u64,
    behind_seconds: f64,
    indexes: &'static [&'static str],
    garbled: Option<String>,
}

#[derive(Debug, Serialize)]
struct Rebuilt {
    name: &'static str,
    events: u64,
    rows: u64,
}

impl ViewsVerb {
    /// Refuses what finds nothing whatever the store holds.
    pub(super) fn check(&self) -> Result<(), AppError> {
        let Self::Show { name, key: None, index, options } = self else { return Ok(()) };
        match index {
            None if options.newest_first => Err(AppError::Usage(format!(
                "--newest-first needs --index: all rows of {name} stand in the order of their keys; `ordermaster \
                 views list` tells the indexes of each view"
            ))),
            Some((index, value)) if (name.as_str(), index.as_str()) == (OrderSummary::NAME, "status") => {
                status(value).map(|_| ()).map_err(|error| AppError::Usage(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        match self {
            Self::List => list_views(session).await,
            Self::Show { name, key: Some(key), .. } => show_row(session, &name, &key).await,
            Self::Show { name, key: None, index, options } => {
                let query = match index {
                    Some((index, value)) => RowQuery::index(index, IndexValue::of([value])),
                    None => RowQuery::all(),
                };
                list(session, &name, query, options).await
            }
            Self::Rebuild { name: Some(name), .. } => {
                let model = session.view_named(&name)?;
                rebuild(session, vec![model]).await
            }
            Self::Rebuild { name: None, .. } => {
                let models = session.shop.read_models();
                rebuild(session, models).await
            }
        }
    }
}

async fn list_views(session: &mut Session) -> Result<(), AppError> {
    let mut listed = Vec::new();
    for model in session.shop.read_models() {
        listed.push(listed_view(model.as_ref()).await?);
    }
    session.output.rows(
        &["name", "version", "rows", "events", "parked", "behind", "indexes"],
        &listed,
        |view| {
            let behind = match (&view.garbled, view.behind_events) {
                (Some(_), _) => "garbled: rebuild it".to_owned(),
                (None, 0) if view.up_to_date => "-".to_owned(),
                (None, events) => format!("{}, {:.1} s", counted(events), view.behind_seconds),
            };
            vec![
                view.name.to_owned(),
                view.version.to_string(),
                view.rows.to_string(),
                view.events.to_string(),
                view.parked.to_string(),
                behind,
                view.indexes.join(", "),
            ]
        },
    )?;
    session.output.flush()?;
    let garbled = listed.into_iter().find_map(|view| Some((view.name, view.garbled?)));
    garbled.map_or(Ok(()), |(view, reason)| Err(AppError::GarbledView { view, reason }))
}

async fn listed_view(model: &dyn AnyView) -> Result<ListedView, AppError> {
    let runner = model.runner();
    let mut listed = ListedView {
        name: runner.name(),
        version: runner.view_id().version,
        rows: 0,
        events: 0,
        parked: 0,
        up_to_date: false,
        behind_events: 0,
        behind_seconds: 0.0,
        indexes: model.indexes(),
        garbled: None,
    };
    let looked = async {
        let (state, lag) = (runner.state().await?, runner.lag().await?);
        let ahead = if lag.at_end { 0 } else { model.events_ahead(BEHIND_MOST).await? };
        Ok::<_, ProjectionError>((state, lag, ahead))
    };
    match looked.await {
        Ok((state, lag, ahead)) => {
            if let Some(state) = state {
                (listed.rows, listed.events, listed.parked) =
                    (state.rows, state.checkpoint.events, state.parked);
            }
            listed.up_to_date = lag.at_end;
            listed.behind_seconds = lag.behind.as_secs_f64();
            listed.behind_events = ahead;
        }
        Err(error) => match store_error_of(&error) {
            Some(StoreError::Damaged { detail, .. }) => listed.garbled = Some(detail.clone()),
            _ => return Err(error.into()),
        },
    }
    Ok(listed)
}

fn store_error_of(error: &ProjectionError) -> Option<&StoreError> {
    match error {
        ProjectionError::Store(error) | ProjectionError::Read(ViewReadError::Store(error)) => Some(error),
        _ => None,
    }
}

fn counted(events: u64) -> String {
    match events {
        BEHIND_MOST.. => format!("{BEHIND_MOST} events or more"),
        1 => "1 event".to_owned(),
        events => format!("{events} events"),
    }
}

async fn show_row(session: &mut Session, name: &str, key: &str) -> Result<(), AppError> {
    let model = session.view_named(name)?;
    session.bring_up_to_date(model.runner()).await?;
    let row = match model.get(key).await {
        // What is no key of the view has no row in it.
        Err(ViewReadError::InvalidKey { .. }) => None,
        found => found?,
    };
    let row = row.ok_or_else(|| AppError::NoSuchRow { view: name.to_owned(), key: key.to_owned() })?;
    session.output.document(&row, || {
        let fields = row.row.0.iter().map(|(name, value)| vec![name.clone(), table::words(value)]);
        table::of(&[], std::iter::once(vec!["key".to_owned(), row.key.clone()]).chain(fields))
    })
}

/// Prints the rows that a query selects, of a read model that is brought up to date first.
pub(super) async fn list(
    session: &mut Session,
    name: &str,
    query: RowQuery,
    options: ListOptions,
) -> Result<(), AppError> {
    let model = session.view_named(name)?;
    session.bring_up_to_date(model.runner()).await?;
    let query = if options.newest_first { query.backward() } else { query };
    let rows = first_rows(model.as_ref(), query, options.limit.saturating_add(1)).await?;
    print(session, rows, options)
}

/// The first rows that a query selects.
pub(super) async fn first_rows(
    model: &dyn AnyView,
    mut query: RowQuery,
    most: usize,
) -> Result<Vec<ViewRow>, AppError> {
    let mut rows = Vec::new();
    while rows.len() < most {
        let page = model.page(&query.clone().limit(most - rows.len())).await?;
        rows.extend(page.rows.into_iter().map(|(key, row)| ViewRow { key, row }));
        match page.next {
            Some(token) => query = query.after(token),
            None => break,
        }
    }
    Ok(rows)
}

/// Prints as many rows as are wanted, and says so when there are more.
pub(super) fn print(
    session: &mut Session,
    mut rows: Vec<ViewRow>,
    options: ListOptions,
) -> Result<(), AppError> {
    let there_are_more = rows.len() > options.limit;
    rows.truncate(options.limit);
    let heads: Vec<&str> = heads(&rows);
    session.output.rows(&heads, &rows, |row| {
        let cell = |head: &&str| {
            let field = row.row.0.iter().find(|(name, _)| name == head);
            field.map_or_else(|| "-".to_owned(), |(_, value)| table::words(value))
        };
        std::iter::once(row.key.clone()).chain(heads.iter().skip(1).map(cell)).collect()
    })?;
    if there_are_more {
        session.output.flush()?;
        note(&format!("these are the first {}; see more with --limit", rows.len()));
    }
    Ok(())
}

/// The key, and every field that any of the rows has.
fn heads(rows: &[ViewRow]) -> Vec<&str> {
    let mut heads = vec!["key"];
    for (name, _) in rows.iter().flat_map(|row| &row.row.0) {
        if !heads.contains(&name.as_str()) {
            heads.push(name);
        }
    }
    heads
}

async fn rebuild(session: &mut Session, models: Vec<Box<dyn AnyView>>) -> Result<(), AppError> {
    let mut rebuilt = Vec::new();
    for model in models {
        let runner = model.runner();
        let mut busy = Busy::new(format!("rebuilding {}", runner.name()));
        let mut on_progress = |progress: &Progress| busy.tick(None, || format!("{} events", progress.events));
        let done = session.shop.rebuild(runner, &mut on_progress).await?;
        let rows = runner.state().await?.map_or(0, |state| state.rows);
        rebuilt.push(Rebuilt { name: runner.name(), events: done.events, rows });
    }
    session.output.rows(&["name", "events", "rows"], &rebuilt, |view| {
        vec![view.name.to_owned(), view.events.to_string(), view.rows.to_string()]
    })
}
