//! From a URL to a store: the one place that knows which adapters this build has.

use annals_memory::MemoryStore;
use annals_ports::StoreError;

use crate::Store;

/// Why no store was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL names no kind of store.
    #[error("{url:?} is no store's URL: write memory:, sqlite://FILE, postgres://… or dynamodb://…")]
    UnknownScheme {
        /// The URL, without anything that could be a secret.
        url: String,
    },
    /// The store's adapter was not compiled in.
    #[error(
        "this program was built without {scheme} stores: turn on the feature `{feature}` of the crate `annals`"
    )]
    FeatureOff {
        /// The URL's scheme.
        scheme: &'static str,
        /// The feature to turn on.
        feature: &'static str,
    },
    /// This release has no such adapter.
    #[error("this release has no adapter for {scheme} stores")]
    NoAdapter {
        /// The URL's scheme.
        scheme: &'static str,
    },
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store that `url` names, and creates it where that makes sense.
///
/// | URL | store |
/// |---|---|
/// | `memory:` | a new one in this process's memory |
/// | `sqlite://shop.db` | a file in the working directory (`sqlite:///var/shop.db`: an absolute path) |
///
/// # Errors
/// When the URL names no store of this build, or the store cannot be opened.
pub async fn connect(url: &str) -> Result<Store, ConnectError> {
    match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
        "memory" => Ok(Store::new(MemoryStore::new().adapter())),
        "sqlite" => sqlite(url).await,
        "postgres" | "postgresql" => Err(ConnectError::NoAdapter { scheme: "postgres" }),
        "dynamodb" => Err(ConnectError::NoAdapter { scheme: "dynamodb" }),
        scheme => Err(ConnectError::UnknownScheme { url: shown(url, scheme) }),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(url: &str) -> Result<Store, ConnectError> {
    let options = annals_sqlite::SqliteOptions::from_url(url)?;
    Ok(Store::new(annals_sqlite::SqliteStore::open(options).await?.adapter()))
}

#[cfg(not(feature = "sqlite"))]
#[allow(clippy::unused_async, reason = "the same signature with and without the feature")]
async fn sqlite(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureOff { scheme: "sqlite", feature: "sqlite" })
}

// E04: whatever follows an unknown scheme may hold a password.
fn shown(url: &str, scheme: &str) -> String {
    if url.len() == scheme.len() { url.to_owned() } else { format!("{scheme}:…") }
}
