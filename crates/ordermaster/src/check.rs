//! Checking a whole store: what it is kept in, its history, and all that was made of it by this program's code.
//!
//! Changes nothing, and may run while others write. What is wrong is told as findings, each with its place and a remedy;
//! only a store that cannot be read at all is an error.

use std::path::PathBuf;

use annals::application::{CheckedHistory, Code, HistoryCheck};
use annals::memory::MemoryStore;
use annals::ports::{
    Adapter, CheckedPart, Finding, Findings, Remedy, StoreDescription, StoreError, ViewError,
};
use annals::projection::{AnyRunner, Comparison, ProjectionError, ViewReadError};
use annals::{ConnectError, EventId, StoreId};
use ordermaster_domain::{Account, Inventory, Order, Payment};
use serde::Serialize;

use crate::app::OrderMaster;

/// Rows of a view up to which it is built again in memory; larger ones are in a temporary file.
const ROWS_IN_MEMORY: u64 = 20_000;

/// The code of every category of this program. A new aggregate is added here, and nowhere else.
pub fn code() -> [Code; 4] {
    [
        Code::of_aggregate::<Account>(),
        Code::of_aggregate::<Inventory>(),
        Code::of_aggregate::<Order>(),
        Code::of_aggregate::<Payment>(),
    ]
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct StoreCheck {
    /// The store's id.
    pub store: StoreId,
    /// Each part, in the order in which parts are told.
    pub parts: Vec<PartChecked>,
    /// Events that the store counts.
    pub events_in_store: u64,
    /// Events that were read and checked.
    pub events_checked: u64,
    /// What was not checked, or is worth knowing, in words.
    pub notes: Vec<String>,
    /// What is wrong: the first hundred findings of each part.
    pub findings: Vec<Finding>,
    /// How many findings there are, those beyond the hundredth of a part included.
    pub findings_in_all: u64,
}

/// A part that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct PartChecked {
    /// The part.
    pub part: CheckedPart,
    /// What was checked of it, in words; none when nothing could be.
    pub checked: Option<String>,
    /// How many findings it has.
    pub findings: u64,
}

/// How far a check has come: what is being done, how far, and of how much where that is known.
pub type OnChecked<'a> = &'a mut (dyn FnMut(&str, u64, Option<u64>) + Send);

/// Why a store could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A view could not be compared.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// There is no place to build a view again.
    #[error("no temporary store for comparing views: {0}")]
    Scratch(#[from] ConnectError),
}

/// A check on its way.
#[derive(Default)]
struct Checking {
    findings: Findings,
    notes: Vec<String>,
    history: CheckedHistory,
    has_upkeep: bool,
    rows: u64,
    index_values: u64,
}

impl StoreCheck {
    /// Checks everything.
    ///
    /// # Errors
    /// When the store fails. What is wrong with what it holds is no error here, but a finding.
    pub async fn run(shop: &OrderMaster, on_progress: OnChecked<'_>) -> Result<Self, CheckError> {
        let adapter = shop.store().adapter();
        let mut checking = Checking::default();
        checking.check_itself(adapter, on_progress).await?;
        let described = checking.describe(adapter).await?;
        checking.check_history(adapter, described.as_ref(), on_progress).await?;
        checking.check_views(shop, on_progress).await?;
        Ok(checking.done(adapter.store, described.as_ref()))
    }

    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings_in_all == 0
    }
}

impl Checking {
    async fn check_itself(
        &mut self,
        adapter: &Adapter,
        on_progress: OnChecked<'_>,
    ) -> Result<(), CheckError> {
        let Some(upkeep) = adapter.inspect.upkeep() else {
            self.notes.push(format!("a {} store does not check itself: its ports were", adapter.name));
            return Ok(());
        };
        self.has_upkeep = true;
        let mut on_upkeep = |progress: annals::ports::UpkeepProgress| {
            on_progress(progress.doing, progress.done, progress.of);
        };
        self.findings.append(upkeep.check(&mut on_upkeep).await?);
        Ok(())
    }

    async fn describe(&mut self, adapter: &Adapter) -> Result<Option<StoreDescription>, CheckError> {
        match adapter.inspect.describe().await {
            Ok(described) => Ok(Some(described)),
            Err(StoreError::Damaged { detail, .. }) => {
                let problem = format!("it cannot be described: {detail}");
                self.findings.add(Finding::new(CheckedPart::Storage, problem, Remedy::RestoreBackup));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn check_history(
        &mut self,
        adapter: &Adapter,
        described: Option<&StoreDescription>,
        on_progress: OnChecked<'_>,
    ) -> Result<(), CheckError> {
        let in_store = described.map(|described| described.events);
        let check = HistoryCheck::new(adapter.clone()).with_code(code());
        let mut on_history = |progress: annals::application::HistoryProgress| {
            on_progress("checking history", progress.events, in_store.map(|all| all.max(progress.events)));
        };
        let mut history = check.run(&mut on_history).await?;
        self.findings.append(std::mem::take(&mut history.findings));
        let checked = history.events;
        if let Some(in_store) = in_store.filter(|in_store| checked < *in_store) {
            let problem = format!("only {checked} of {in_store} events could be read and checked");
            self.findings.add(Finding::new(CheckedPart::Feed, problem, Remedy::RestoreBackup));
        }
        if history.snapshots_outdated > 0 {
            let outdated = history.snapshots_outdated;
            self.notes.push(format!("{outdated} snapshots are of another state schema: loads replace them"));
        }
        self.history = history;
        Ok(())
    }

    async fn check_views(
        &mut self,
        shop: &OrderMaster,
        on_progress: OnChecked<'_>,
    ) -> Result<(), CheckError> {
        let adapter = shop.store().adapter();
        let models = shop.read_models();
        let listed = match adapter.views.list().await {
            Ok(listed) => listed,
            Err(StoreError::Damaged { detail, .. }) => {
                let problem = format!("they cannot be listed: {detail}");
                self.findings.add(Finding::new(CheckedPart::Views, problem, Remedy::Recover));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        for state in listed {
            if let Some(model) = models.iter().find(|model| *model.runner().view_id() == state.view) {
                self.check_view(model.runner(), state.rows, on_progress).await?;
            } else {
                let view = state.view;
                self.notes.push(format!("{view} is none of this program's read models: not compared"));
            }
        }
        Ok(())
    }

    async fn check_view(
        &mut self,
        runner: &dyn AnyRunner,
        rows: u64,
        on_progress: OnChecked<'_>,
    ) -> Result<(), CheckError> {
        let doing = format!("building {} again", runner.name());
        let scratch = Scratch::open(rows).await?;
        let compared = runner
            .compare_with_rebuild(scratch.adapter.clone(), &mut |progress| {
                on_progress(&doing, progress.events, None);
            })
            .await;
        match compared {
            Ok(comparison) => self.add_comparison(&comparison),
            Err(error) => {
                let remedy = match &error {
                    ProjectionError::Decode(_) => Remedy::UpdateProgram,
                    ProjectionError::Store(StoreError::Damaged { .. })
                    | ProjectionError::View(ViewError::Store(StoreError::Damaged { .. }))
                    | ProjectionError::Read(ViewReadError::Store(StoreError::Damaged { .. })) => {
                        Remedy::RestoreBackup
                    }
                    ProjectionError::Read(ViewReadError::Store(_))
                    | ProjectionError::View(_)
                    | ProjectionError::Store(_) => return Err(error.into()),
                    _ => Remedy::RebuildView,
                };
                let problem = format!("it cannot be compared with a rebuild: {error}");
                let finding = Finding::new(CheckedPart::Views, problem, remedy);
                self.findings.add(finding.in_table(runner.view_id().to_string()));
            }
        }
        Ok(())
    }

    fn add_comparison(&mut self, comparison: &Comparison) {
        self.rows += comparison.rows;
        self.index_values += comparison.index_values;
        let view = comparison.view.to_string();
        if !comparison.is_settled {
            let rows = comparison.differences.len();
            let note = "rows changed whenever they were looked at; check again when its runner rests";
            self.notes.push(format!("{view}: {rows} {note}"));
            return;
        }
        let wrong = |problem: String, remedy| {
            Finding::new(CheckedPart::Views, problem, remedy).in_table(view.clone())
        };
        let is_told =
            |finding: &Finding| finding.remedy == Remedy::Recover && finding.table.as_ref() == Some(&view);
        if comparison.is_lost && !self.findings.kept().iter().any(is_told) {
            let problem = "its checkpoint names an event that is not there".to_owned();
            self.findings.add(wrong(problem, Remedy::Recover));
        }
        for problem in &comparison.problems {
            self.findings.add(wrong(problem.clone(), Remedy::RebuildView));
        }
        for difference in &comparison.differences {
            let problem = format!("row {:?}: {}", difference.key, difference.fault);
            self.findings.add(wrong(problem, Remedy::RebuildView));
        }
    }

    fn done(self, store: StoreId, described: Option<&StoreDescription>) -> StoreCheck {
        let parts = CheckedPart::ALL.into_iter().map(|part| PartChecked {
            part,
            checked: self.checked(part, described),
            findings: self.findings.count_of(part),
        });
        StoreCheck {
            store,
            parts: parts.collect(),
            events_in_store: described.map_or(0, |described| described.events),
            events_checked: self.history.events,
            findings: self.findings.kept().to_vec(),
            findings_in_all: self.findings.count(),
            notes: self.notes,
        }
    }

    fn checked(&self, part: CheckedPart, described: Option<&StoreDescription>) -> Option<String> {
        let history = &self.history;
        let own = |text: Option<String>| text.filter(|_| self.has_upkeep);
        match part {
            CheckedPart::Storage => own(described?.bytes.map(|bytes| count(bytes, "byte"))),
            CheckedPart::Streams => Some(count(history.streams, "stream")),
            CheckedPart::Digests | CheckedPart::Feed => Some(count(history.events, "event")),
            CheckedPart::Commits => own(Some(count(described?.events, "event"))),
            CheckedPart::Once => own(Some(count(described?.outcomes, "outcome"))),
            CheckedPart::Events if history.retired == 0 => Some(format!("{} decoded", history.decoded)),
            CheckedPart::Events => Some(format!("{} decoded, {} retired", history.decoded, history.retired)),
            CheckedPart::Snapshots => Some(count(history.snapshots, "snapshot")),
            CheckedPart::Views => {
                let (rows, values) = (count(self.rows, "row"), count(self.index_values, "index value"));
                Some(format!("{rows}, {values}"))
            }
        }
    }
}

/// A number of things in words.
fn count(number: u64, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

/// A store to build a view in, thrown away when this is dropped.
struct Scratch {
    adapter: Adapter,
    /// Removed once the store is closed.
    _file: Option<TemporaryFile>,
}

impl Scratch {
    async fn open(rows: u64) -> Result<Self, ConnectError> {
        if rows <= ROWS_IN_MEMORY || !cfg!(feature = "sqlite") {
            return Ok(Self { adapter: MemoryStore::new().adapter(), _file: None });
        }
        let file = TemporaryFile::new();
        let path = file.0.display().to_string().replace('%', "%25").replace('?', "%3F");
        let store = annals::connect(&format!("sqlite://{path}?durability=off")).await?;
        Ok(Self { adapter: store.adapter().clone(), _file: Some(file) })
    }
}

/// A file that is removed with what stands beside it.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("annals-check-{}.db", EventId::new())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(ending);
            // What is not there need not be removed.
            let _ = std::fs::remove_file(name);
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use annals::Metadata;
    use ordermaster_domain::{InventoryCommand, Quantity, Sku};

    use super::{Checking, ROWS_IN_MEMORY, TemporaryFile};
    use crate::app::OrderMaster;

    #[tokio::test]
    async fn a_large_view_is_built_again_in_a_file_that_is_gone_afterwards() {
        let shop = OrderMaster::open("memory:").await.unwrap();
        let receive = InventoryCommand::Receive { quantity: Quantity::ONE };
        shop.inventory().execute(&Sku::new("TEA").unwrap(), &receive, Metadata::new()).await.unwrap();
        shop.catch_up(&mut |_| {}).await.unwrap();
        let model = shop.read_model("inventory_levels").unwrap();
        let mut checking = Checking::default();
        checking.check_view(model.runner(), ROWS_IN_MEMORY + 1, &mut |_, _, _| {}).await.unwrap();
        assert_eq!((checking.rows, checking.findings.count()), (1, 0));

        let file = TemporaryFile::new();
        let paths = [file.0.clone(), file.0.with_extension("db-wal"), file.0.with_extension("db-shm")];
        for path in &paths {
            std::fs::write(path, "something").unwrap();
        }
        drop(file);
        assert!(paths.iter().all(|path| !path.exists()));
    }
}
