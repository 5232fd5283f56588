//! `ordermaster views …`: read models of any name: list, show, rebuild.

use annals::ports::{IndexValue, RowQuery};
use annals::projection::Progress;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::table;
use super::{AppError, Busy, Session};
use crate::app::catch_up_one;
use crate::cli::output::note;
use crate::views::{AnyView, ViewRow};

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
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// The last one first
    #[arg(long)]
    newest_first: bool,
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
    waiting: u64,
    up_to_date: bool,
    behind_seconds: f64,
    indexes: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct Rebuilt {
    name: &'static str,
    events: u64,
    rows: u64,
}

impl ViewsVerb {
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
        let runner = model.runner();
        let (state, lag) = (runner.state().await?, runner.lag().await?);
        listed.push(ListedView {
            name: runner.name(),
            version: runner.view_id().version,
            rows: state.as_ref().map_or(0, |state| state.rows),
            events: state.as_ref().map_or(0, |state| state.checkpoint.events),
            waiting: state.as_ref().map_or(0, |state| state.parked),
            up_to_date: lag.at_end,
            behind_seconds: lag.behind.as_secs_f64(),
            indexes: model.indexes(),
        });
    }
    session.output.rows(
        &["name", "version", "rows", "events", "waiting", "up_to_date", "indexes"],
        &listed,
        |view| {
            let up_to_date =
                if view.up_to_date { "yes".into() } else { format!("no, by {:.1} s", view.behind_seconds) };
            vec![
                view.name.to_owned(),
                view.version.to_string(),
                view.rows.to_string(),
                view.events.to_string(),
                view.waiting.to_string(),
                up_to_date,
                view.indexes.join(", "),
            ]
        },
    )
}

async fn show_row(session: &mut Session, name: &str, key: &str) -> Result<(), AppError> {
    let model = session.view_named(name)?;
    bring_up_to_date(model.as_ref()).await?;
    let row = model.get(key).await?;
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
    bring_up_to_date(model.as_ref()).await?;
    let mut query = if options.newest_first { query.backward() } else { query };
    let mut rows = Vec::new();
    let more = loop {
        if rows.len() >= options.limit {
            break true;
        }
        let page = model.page(&query.clone().limit(options.limit - rows.len())).await?;
        rows.extend(page.rows.into_iter().map(|(key, row)| ViewRow { key, row }));
        match page.next {
            Some(token) => query = query.after(token),
            None => break false,
        }
    };
    let heads: Vec<&str> = heads(&rows);
    session.output.rows(&heads, &rows, |row| {
        let cell = |head: &&str| {
            let field = row.row.0.iter().find(|(name, _)| name == head);
            field.map_or_else(|| "-".to_owned(), |(_, value)| table::words(value))
        };
        std::iter::once(row.key.clone()).chain(heads.iter().skip(1).map(cell)).collect()
    })?;
    if more {
        session.output.flush()?;
        note(&format!("these are the first {} rows; see more with --limit", rows.len()));
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

async fn bring_up_to_date(model: &dyn AnyView) -> Result<(), AppError> {
    let mut busy = Busy::new(format!("bringing {} up to date", model.runner().name()));
    let mut on_progress = |progress: &Progress| busy.tick(None, || format!("{} events", progress.events));
    Ok(catch_up_one(model.runner(), &mut on_progress).await?)
}

async fn rebuild(session: &mut Session, models: Vec<Box<dyn AnyView>>) -> Result<(), AppError> {
    let mut rebuilt = Vec::new();
    for model in models {
        let runner = model.runner();
        let mut busy = Busy::new(format!("rebuilding {}", runner.name()));
        let mut on_progress = |progress: &Progress| busy.tick(None, || format!("{} events", progress.events));
        let done = runner.rebuild(&mut on_progress).await?;
        let rows = runner.state().await?.map_or(0, |state| state.rows);
        rebuilt.push(Rebuilt { name: runner.name(), events: done.events, rows });
    }
    session.output.rows(&["name", "events", "rows"], &rebuilt, |view| {
        vec![view.name.to_owned(), view.events.to_string(), view.rows.to_string()]
    })
}
