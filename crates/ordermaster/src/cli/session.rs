//! One run of the program: the open shop, where answers go, and what is recorded with every event.

use std::path::PathBuf;

use annals::Metadata;
use annals::View;
use annals::ports::StoreError;
use annals::projection::{AnyRunner, Progress, Projection, ProjectionError, ViewReadError};

use super::output::note;
use super::{AppError, Busy, GlobalOptions, Output};
use crate::app::{Brought, CatchUpError, OrderMaster};
use crate::demo::quoted;
use crate::stop::Stop;
use crate::views::AnyView;

/// One run of the program.
#[derive(Debug)]
pub struct Session {
    /// The shop.
    pub shop: OrderMaster,
    /// Where answers go.
    pub output: Output,
    /// The store's URL, as it was given.
    pub url: String,
    /// Whether it was asked to stop.
    pub stop: Stop,
    metadata: Metadata,
}

impl Session {
    /// Opens the store. A file that is not there, or has nothing in it, is made a store only when the command `may_make`
    /// one.
    ///
    /// # Errors
    /// When there is no store yet, or it cannot be opened.
    pub async fn open(options: &GlobalOptions, may_make: bool, stop: Stop) -> Result<Self, AppError> {
        if !may_make && let Some(path) = missing_file(options) {
            return Err(AppError::NoStoreYet { path });
        }
        let shop = OrderMaster::open(&options.store).await?.stopped_by(stop.clone());
        let (output, url) = (Output::stdout(options.json), options.store.clone());
        Ok(Self { shop, output, url, stop, metadata: metadata(options) })
    }

    /// A session that leaves no trace, on an empty store in memory.
    ///
    /// # Errors
    /// Never, so far.
    pub async fn rehearsal(options: &GlobalOptions) -> Result<Self, AppError> {
        let (shop, output) = (OrderMaster::open("memory:").await?, Output::nowhere());
        let (url, stop) = ("memory:".to_owned(), Stop::new());
        Ok(Self { shop, output, url, stop, metadata: metadata(options) })
    }

    /// What is recorded with every event of this run.
    pub fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    /// The arguments of a command that goes on with this run's work, in the same store.
    pub fn again(&self, arguments: impl std::fmt::Display) -> String {
        let url = self.url.as_str();
        if url == GlobalOptions::STORE {
            return arguments.to_string();
        }
        // E04: any other URL may hold a password.
        let store = if url.starts_with("sqlite:") { quoted(url) } else { "…".to_owned() };
        format!("{arguments} --store {store}")
    }

    /// The rows of a read model, brought up to date first.
    ///
    /// # Errors
    /// When it cannot be brought up to date.
    pub async fn fresh_view<P: Projection>(&self, projection: P) -> Result<View<P>, AppError> {
        let runner = self.shop.store().runner(projection);
        self.bring_up_to_date(&runner).await?;
        Ok(runner.view())
    }

    /// Brings a read model up to date, and says so when the store can only be read and it stays behind.
    ///
    /// # Errors
    /// When it cannot be brought up to date.
    pub async fn bring_up_to_date(&self, runner: &dyn AnyRunner) -> Result<(), AppError> {
        let mut busy = Busy::new(format!("bringing {} up to date", runner.name()));
        let mut on_progress = |progress: &Progress| busy.tick(None, || format!("{} events", progress.events));
        let brought = match self.shop.bring_up_to_date(runner, &mut on_progress).await {
            Ok(brought) => brought,
            Err(error) => return Err(explained(runner, error).await),
        };
        drop(busy);
        if brought == Brought::LeftBehind {
            note(&format!(
                "{} is behind, and the store can only be read: copy it to where it can be written to see what is new",
                runner.name()
            ));
        }
        Ok(())
    }

    /// The read model of this name.
    ///
    /// # Errors
    /// When there is none; the message names those that there are.
    pub fn view_named(&self, name: &str) -> Result<Box<dyn AnyView>, AppError> {
        self.shop.read_model(name).ok_or_else(|| {
            let names: Vec<_> = self.shop.read_models().iter().map(|model| model.runner().name()).collect();
            AppError::NoSuchView { name: name.to_owned(), known: names.join(", ") }
        })
    }
}

/// The error, or what is wrong with the view itself when not even its own place can be read.
async fn explained(runner: &dyn AnyRunner, error: CatchUpError) -> AppError {
    match runner.state().await {
        Err(ProjectionError::Read(ViewReadError::Store(StoreError::Damaged { detail, .. }))) => {
            AppError::GarbledView { view: runner.name(), reason: detail }
        }
        _ => error.into(),
    }
}

fn metadata(options: &GlobalOptions) -> Metadata {
    let metadata = match &options.correlation {
        Some(correlation) => Metadata::correlated(correlation),
        None => Metadata::new(),
    };
    match &options.actor {
        Some(actor) => metadata.by(actor),
        None => metadata,
    }
}

/// The store's file, when it should be there and is not, or is empty.
#[cfg(feature = "sqlite")]
pub(super) fn missing_file(options: &GlobalOptions) -> Option<PathBuf> {
    // What is wrong with the URL is told when it is opened.
    let options = annals::sqlite::SqliteOptions::from_url(&options.store).ok()?;
    let is_missing = match std::fs::metadata(options.path()) {
        Ok(found) => found.is_file() && found.len() == 0,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    is_missing.then(|| options.path().to_owned())
}

#[cfg(not(feature = "sqlite"))]
pub(super) fn missing_file(_: &GlobalOptions) -> Option<PathBuf> {
    None
}
