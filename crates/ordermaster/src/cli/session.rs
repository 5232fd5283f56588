//! One run of the program: the open shop, where answers go, and what is recorded with every event.

use std::path::PathBuf;

use annals::Metadata;
use annals::View;
use annals::projection::Projection;

use super::{AppError, Busy, GlobalOptions, Output};
use crate::app::{OrderMaster, catch_up_one};
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
    metadata: Metadata,
}

impl Session {
    /// Opens the store. A file that is not there is made only when the command `may_make` it.
    ///
    /// # Errors
    /// When there is no store yet, or it cannot be opened.
    pub async fn open(options: &GlobalOptions, may_make: bool) -> Result<Self, AppError> {
        if !may_make && let Some(path) = missing_file(&options.store) {
            return Err(AppError::NoStoreYet { path });
        }
        let mut metadata = match &options.correlation {
            Some(correlation) => Metadata::correlated(correlation),
            None => Metadata::new(),
        };
        if let Some(actor) = &options.actor {
            metadata = metadata.by(actor);
        }
        let shop = OrderMaster::open(&options.store).await?;
        Ok(Self { shop, output: Output::stdout(options.json), url: options.store.clone(), metadata })
    }

    /// What is recorded with every event of this run.
    pub fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    /// The rows of a read model, brought up to date first.
    ///
    /// # Errors
    /// When it cannot be brought up to date.
    pub async fn fresh_view<P: Projection>(&self, projection: P) -> Result<View<P>, AppError> {
        let runner = self.shop.store().runner(projection);
        let mut busy = Busy::new(format!("bringing {} up to date", P::NAME));
        let mut on_progress = |progress: &annals::projection::Progress| {
            busy.tick(None, || format!("{} events", progress.events));
        };
        catch_up_one(&runner, &mut on_progress).await?;
        Ok(runner.view())
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

/// The file of the store at `url`, when it should be there and is not.
#[cfg(feature = "sqlite")]
fn missing_file(url: &str) -> Option<PathBuf> {
    // What is wrong with the URL is told when it is opened.
    let options = annals::sqlite::SqliteOptions::from_url(url).ok()?;
    (!options.path().exists()).then(|| options.path().to_owned())
}

#[cfg(not(feature = "sqlite"))]
fn missing_file(_: &str) -> Option<PathBuf> {
    None
}
