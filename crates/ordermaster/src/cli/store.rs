//! `ordermaster store …`: the store itself: describe it, check it, copy it while it is in use, recover it after a restore.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals::application::HistoryCheck;
use annals::ports::{Backup, Finding, Recovered, Remedy, StoreDescription, Upkeep, UpkeepProgress};
use clap::Subcommand;
use serde::Serialize;

use super::output::note;
use super::table;
use super::{AppError, Busy, Session};
use crate::app::OrderMaster;
use crate::check::{StoreCheck, code};

/// What can be done with the store as a whole.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum StoreVerb {
    /// What it is, where it is, how much it holds, and how it is doing
    Info,
    /// Check everything: file, history, digests, snapshots, and every view against a rebuild
    #[command(after_long_help = "\
Changes nothing, and may run while others write. Ends with 1 when anything is wrong; each finding is named with its place
and what to do. What somebody who can write the file has made consistent again cannot be seen from the file alone: keep
copies elsewhere (`store backup`).")]
    Check,
    /// Copy it into a new file, while others go on reading and writing
    #[command(after_long_help = "\
The copy is the whole store as it was at one moment, and on disk when this ends. A file that is there is never touched.
To restore it: stop every process that uses the store, remove FILE, FILE-wal and FILE-shm, put the copy in FILE's place,
run `ordermaster store recover`, and start again.")]
    Backup {
        /// The new file
        file: PathBuf,
        /// Check the copy as `store check` does
        #[arg(long)]
        check: bool,
    },
    /// After a restore: remove views, snapshots and outcomes that are ahead of history, or not of it
    Recover,
}

impl StoreVerb {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        match self {
            Self::Info => info(session).await,
            Self::Check => {
                let shop = session.shop.clone();
                check(session, &shop).await
            }
            Self::Backup { file, check } => backup(session, &file, check).await,
            Self::Recover => recover(session).await,
        }
    }
}

#[derive(Debug, Serialize)]
struct Info {
    #[serde(flatten)]
    described: StoreDescription,
    program_version: &'static str,
    feed_end: String,
    warnings: Vec<String>,
    read_models: Vec<ModelInfo>,
}

#[derive(Debug, Serialize)]
struct ModelInfo {
    name: &'static str,
    version: u32,
    rows: u64,
    waiting: u64,
    up_to_date: bool,
    behind_seconds: f64,
}

async fn info(session: &mut Session) -> Result<(), AppError> {
    let adapter = session.shop.store().adapter();
    let health = adapter.feed.health().await?;
    let mut info = Info {
        described: adapter.inspect.describe().await?,
        program_version: env!("CARGO_PKG_VERSION"),
        feed_end: health.end.to_string(),
        warnings: health.warnings,
        read_models: Vec::new(),
    };
    if info.described.settings.iter().any(|(name, value)| name == "durability" && value == "off") {
        info.warnings.push("with durability=off a power cut may damage the file".to_owned());
    }
    for hold in health.holds {
        info.warnings.push(format!(
            "{} of {} holds readers back since {:.1} s",
            hold.process,
            hold.application,
            hold.age.as_secs_f64()
        ));
    }
    for model in session.shop.read_models() {
        let runner = model.runner();
        let (state, lag) = (runner.state().await?, runner.lag().await?);
        info.read_models.push(ModelInfo {
            name: runner.name(),
            version: runner.view_id().version,
            rows: state.as_ref().map_or(0, |state| state.rows),
            waiting: state.as_ref().map_or(0, |state| state.parked),
            up_to_date: lag.at_end,
            behind_seconds: lag.behind.as_secs_f64(),
        });
    }
    session.output.document(&info, || told(&info))
}

fn told(info: &Info) -> String {
    let described = &info.described;
    let unknown = || "-".to_owned();
    let categories = described.categories.iter();
    let categories: Vec<_> = categories.map(|of| format!("{} {}", of.streams, of.category)).collect();
    let fields = [
        ("adapter", described.adapter.clone()),
        ("location", described.location.clone()),
        ("store", described.store.to_string()),
        ("schema version", described.schema_version.to_string()),
        ("program version", info.program_version.to_owned()),
        ("events", described.events.to_string()),
        ("streams", described.streams.to_string()),
        ("by category", if categories.is_empty() { unknown() } else { categories.join(", ") }),
        ("snapshots", described.snapshots.to_string()),
        ("outcomes without events", described.outcomes.to_string()),
        ("views", described.views.to_string()),
        ("view rows", described.view_rows.to_string()),
        ("last recorded", described.last_recorded_at.map_or_else(unknown, |at| at.to_string())),
        ("bytes", described.bytes.map_or_else(unknown, |bytes| bytes.to_string())),
        ("feed end", info.feed_end.clone()),
    ];
    let fields = fields.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    let settings = described.settings.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
    let warnings = info.warnings.iter().map(|warning| vec!["warning".to_owned(), warning.clone()]);
    let models = info.read_models.iter().map(|model| {
        let state = if model.up_to_date {
            "up to date".to_owned()
        } else {
            format!("behind by {:.1} s", model.behind_seconds)
        };
        let name = format!("view {} v{}", model.name, model.version);
        vec![name, format!("{} rows, {} events waiting, {state}", model.rows, model.waiting)]
    });
    table::of(&[], fields.chain(settings).chain(models).chain(warnings))
}

async fn check(session: &mut Session, shop: &OrderMaster) -> Result<(), AppError> {
    let watched = Watched::new("checking");
    let mut on_progress = |doing: &str, done, of: Option<u64>| {
        watched.tell(format!("{doing}: {done}"), of.map(|of| (of, done)));
    };
    let checked = watched.over(StoreCheck::run(shop, &mut on_progress)).await?;
    drop(watched);
    session.output.document(&checked, || in_words(&checked))?;
    session.output.flush()?;
    match checked.findings_in_all {
        0 => Ok(()),
        findings => Err(AppError::Damaged { findings }),
    }
}

fn in_words(checked: &StoreCheck) -> String {
    let parts = checked.parts.iter().map(|part| {
        let found = if part.findings == 0 { "nothing wrong".to_owned() } else { part.findings.to_string() };
        let (checked, found) = match &part.checked {
            Some(checked) => (checked.clone(), found),
            None if part.findings == 0 => ("-".to_owned(), "not checked".to_owned()),
            None => ("-".to_owned(), found),
        };
        vec![part.part.name().to_owned(), checked, found]
    });
    let (events, all) = (checked.events_checked, checked.events_in_store);
    let mut paragraphs = vec![table::of(&["part", "checked", "findings"], parts)];
    paragraphs.push(format!("events checked: {events} of {all}"));
    if !checked.notes.is_empty() {
        let notes: Vec<_> =
            checked.notes.iter().map(|note| format!("note: {}", table::plain(note))).collect();
        paragraphs.push(notes.join(
            "
",
        ));
    }
    if !checked.findings.is_empty() {
        let rows = checked.findings.iter().map(|finding| {
            let part = finding.part.name().to_owned();
            vec![part, finding.place(), finding.problem.clone(), remedy(finding)]
        });
        paragraphs.push(table::of(&["part", "where", "what is wrong", "remedy"], rows));
    }
    let more = checked.findings_in_all - checked.findings.len() as u64;
    if more > 0 {
        paragraphs.push(format!("and {more} more"));
    }
    paragraphs.join(
        "

",
    )
}

/// What to do, as a command of this program where there is one.
fn remedy(finding: &Finding) -> String {
    match (finding.remedy, &finding.table) {
        (Remedy::Recover | Remedy::RemoveSnapshot, _) => "ordermaster store recover".to_owned(),
        (Remedy::RebuildView, Some(view)) if view.contains(" v") => {
            let name = view.split(' ').next().unwrap_or_default();
            format!("ordermaster views rebuild {name}")
        }
        (Remedy::RebuildView, _) => "ordermaster views rebuild --all".to_owned(),
        (remedy, _) => remedy.to_string(),
    }
}

#[derive(Debug, Serialize)]
struct BackedUp {
    #[serde(flatten)]
    backup: Backup,
    checked: bool,
}

async fn backup(session: &mut Session, file: &Path, checks: bool) -> Result<(), AppError> {
    let shop = session.shop.clone();
    let watched = Watched::new("backing up");
    let mut on_progress = |progress: UpkeepProgress| {
        watched.tell(
            format!("{}: {}", progress.doing, progress.done),
            progress.of.map(|of| (of, progress.done)),
        );
    };
    let backup = watched.over(upkeep(&shop)?.backup(file, &mut on_progress)).await?;
    drop(watched);
    if checks {
        let copy = open_copy(file).await?;
        check_quietly(&copy).await?;
    }
    let done = BackedUp { backup, checked: checks };
    session.output.document(&done, || {
        let Backup { file, bytes, events } = &done.backup;
        let checked = if done.checked { ", checked: nothing wrong" } else { "" };
        format!("{}: {events} events, {bytes} bytes{checked}", table::plain(&file.display().to_string()))
    })
}

/// Checks a copy; only what is wrong is told.
async fn check_quietly(copy: &OrderMaster) -> Result<(), AppError> {
    let watched = Watched::new("checking the copy");
    let mut on_progress = |doing: &str, done, of: Option<u64>| {
        watched.tell(format!("{doing}: {done}"), of.map(|of| (of, done)));
    };
    let checked = watched.over(StoreCheck::run(copy, &mut on_progress)).await?;
    drop(watched);
    for finding in &checked.findings {
        note(&finding.to_string());
    }
    match checked.findings_in_all {
        0 => Ok(()),
        findings => Err(AppError::Damaged { findings }),
    }
}

#[cfg(feature = "sqlite")]
async fn open_copy(file: &Path) -> Result<OrderMaster, AppError> {
    use annals::sqlite::{SqliteOptions, SqliteStore};
    let store = SqliteStore::open(SqliteOptions::new(file).create(false)).await?;
    Ok(OrderMaster::over(annals::Store::new(store.adapter())))
}

#[cfg(not(feature = "sqlite"))]
#[allow(clippy::unused_async, reason = "the same signature with and without the feature")]
async fn open_copy(file: &Path) -> Result<OrderMaster, AppError> {
    Err(AppError::argument(format!("{} cannot be checked without the feature `sqlite`", file.display())))
}

async fn recover(session: &mut Session) -> Result<(), AppError> {
    let shop = session.shop.clone();
    let mut recovered = upkeep(&shop)?.recover().await?;
    // What is left of snapshots is judged by the states that history makes.
    let watched = Watched::new("looking at snapshots");
    let mut on_progress = |progress: annals::application::HistoryProgress| {
        watched.tell(format!("{} events", progress.events), None);
    };
    let check = HistoryCheck::new(shop.store().adapter().clone()).with_code(code()).removing_snapshots();
    recovered.snapshots += watched.over(check.run(&mut on_progress)).await?.snapshots_removed;
    drop(watched);
    session.output.document(&recovered, || {
        let Recovered { views, snapshots, once } = &recovered;
        let named: Vec<_> = views.iter().map(ToString::to_string).collect();
        let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
        format!(
            "removed: {} views{named}, {snapshots} snapshots, {once} outcomes; views are built again when they are \
             next asked for",
            views.len()
        )
    })
}

fn upkeep(shop: &OrderMaster) -> Result<&dyn Upkeep, AppError> {
    let adapter = shop.store().adapter();
    adapter.inspect.upkeep().ok_or(AppError::NoUpkeep { adapter: adapter.name })
}

/// Work that somebody waits for: told of now and then even while the work itself tells nothing.
struct Watched(Mutex<Watching>);

struct Watching {
    busy: Busy,
    doing: String,
    of: Option<(u64, u64)>,
}

impl Watched {
    fn new(what: &str) -> Self {
        Self(Mutex::new(Watching { busy: Busy::new(what), doing: String::new(), of: None }))
    }

    fn lock(&self) -> MutexGuard<'_, Watching> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, doing: String, of: Option<(u64, u64)>) {
        let mut watching = self.lock();
        watching.doing = doing;
        watching.of = of;
        watching.tick();
    }

    async fn over<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut every = tokio::time::interval(Duration::from_millis(200));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = every.tick() => self.lock().tick(),
            }
        }
    }
}

impl Watching {
    fn tick(&mut self) {
        let Self { busy, doing, of } = self;
        busy.tick(*of, || doing.clone());
    }
}
