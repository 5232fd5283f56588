//! From a URL to a store: the one place that knows which adapters this build has.

use std::path::Path;

use annals_memory::MemoryStore;
use annals_ports::StoreError;

use crate::Store;

/// Why no store was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL names no kind of store.
    #[error("{url:?} is no store's URL: write {write}")]
    UnknownScheme {
        /// The URL, without anything that could be a secret.
        url: String,
        /// What to write, the nearest form that there is.
        write: String,
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
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store that `url` names, and creates it where that makes sense.
///
/// | URL | store |
/// |---|---|
/// | `dynamodb://shop?region=eu-central-1` | four tables of Amazon `DynamoDB`, `shop-events` and so on (feature `dynamodb`) |
/// | `memory:` | a new one in this process's memory |
/// | `postgres://user:password@host/shop` | a schema of its own in a `PostgreSQL` database (feature `postgres`) |
/// | `sqlite://shop.db` | a file in the working directory (`sqlite:///var/shop.db`: an absolute path) |
///
/// # Errors
/// When the URL names no store of this build, or the store cannot be opened.
pub async fn connect(url: &str) -> Result<Store, ConnectError> {
    match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
        "memory" if url != "memory" => Ok(Store::new(MemoryStore::new().adapter())),
        "sqlite" if url.starts_with("sqlite://") => sqlite(url).await,
        "postgres" | "postgresql" if url.contains("://") => postgres(url).await,
        "dynamodb" if url.starts_with("dynamodb://") => dynamodb(url).await,
        scheme => Err(ConnectError::UnknownScheme { url: shown(url, scheme), write: nearest(url, scheme) }),
    }
}

/// A longer scheme is none of ours with a slip in it.
const LONGEST_MISSPELT: usize = 16;

/// The form of a URL that comes nearest to what was written.
fn nearest(url: &str, scheme: &str) -> String {
    const FORMS: [(&str, &str); 4] = [
        ("memory", "memory:"),
        ("sqlite", "sqlite://FILE, for example sqlite://shop.db"),
        ("postgres", "postgres://USER@HOST/DATABASE"),
        ("dynamodb", "dynamodb://PREFIX?region=REGION"),
    ];
    let has_an_ending = |path: &str| Path::new(path).extension().is_some();
    let is_file = |path: &str| path.contains('/') || has_an_ending(path);
    match url.split_once(':') {
        None if is_file(url) => return sqlite_url(url),
        Some(("sqlite", file)) if !file.is_empty() && !file.contains('@') => {
            return sqlite_url(file.trim_start_matches("//"));
        }
        _ => {}
    }
    let scheme = if scheme.len() <= LONGEST_MISSPELT { scheme.to_lowercase() } else { String::new() };
    let (distance, form) =
        FORMS.map(|(known, form)| (distance(&scheme, known), form)).into_iter().min().unwrap_or_default();
    if distance <= 2 {
        return form.to_owned();
    }
    "memory:, sqlite://FILE, postgres://… or dynamodb://…".to_owned()
}

/// The URL of a store file. A control character, which could forge a second line, is written as its `%` escapes.
fn sqlite_url(file: &str) -> String {
    let mut url = "sqlite://".to_owned();
    for character in up_to_a_value(file).chars() {
        if character.is_control() {
            url.extend(character.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")));
        } else {
            url.push(character);
        }
    }
    url
}

/// How many letters have to be put in, taken away or changed to make the one of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (place, candidate) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(letter != candidate);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(url: &str) -> Result<Store, ConnectError> {
    let options = annals_dynamodb::DynamoOptions::from_url(url)?;
    Ok(Store::new(annals_dynamodb::DynamoStore::open(options).await?.adapter()))
}

#[cfg(not(feature = "dynamodb"))]
#[allow(clippy::unused_async, reason = "the same signature with and without the feature")]
async fn dynamodb(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureOff { scheme: "dynamodb", feature: "dynamodb" })
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

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Store, ConnectError> {
    let options = annals_postgres::PostgresOptions::from_url(url)?;
    Ok(Store::new(annals_postgres::PostgresStore::open(options).await?.adapter()))
}

#[cfg(not(feature = "postgres"))]
#[allow(clippy::unused_async, reason = "the same signature with and without the feature")]
async fn postgres(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureOff { scheme: "postgres", feature: "postgres" })
}

// E04: whatever follows an unknown scheme may hold a password.
fn shown(url: &str, scheme: &str) -> String {
    let hides_nothing = url.len() == scheme.len() || (scheme == "sqlite" && !url.contains('@'));
    if hides_nothing { up_to_a_value(url) } else { format!("{}:…", up_to_a_value(scheme)) }
}

// E04: `host=db password=…` is how other programs name a database.
fn up_to_a_value(text: &str) -> String {
    text.split_once('=').map_or_else(|| text.to_owned(), |(name, _)| format!("{name}=…"))
}

#[cfg(test)]
mod tests {
    use super::connect;

    #[tokio::test]
    async fn a_url_of_no_store_is_answered_with_the_nearest_one() {
        for (url, write) in [
            ("sqlite:shop.db", "\"sqlite:shop.db\" is no store's URL: write sqlite://shop.db"),
            ("shop.db", "\"shop.db\" is no store's URL: write sqlite://shop.db"),
            ("/var/shop", "\"/var/shop\" is no store's URL: write sqlite:///var/shop"),
            ("a\nb\u{9b}.db", "\"a\\nb\\u{9b}.db\" is no store's URL: write sqlite://a%0Ab%C2%9B.db"),
            (
                "sqlite:postgres://u:secret@h/d",
                "\"sqlite:…\" is no store's URL: write sqlite://FILE, for example sqlite://shop.db",
            ),
            ("host=db/x password=secret", "\"host=…\" is no store's URL: write sqlite://host=…"),
            (
                "localhost/shop?password=secret",
                "\"localhost/shop?password=…\" is no store's URL: write sqlite://localhost/shop?password=…",
            ),
            (
                "host=db password=secret port=1:2",
                "\"host=…:…\" is no store's URL: write memory:, sqlite://FILE, postgres://… or dynamodb://…",
            ),
            (
                "sqlit://shop.db",
                "\"sqlit:…\" is no store's URL: write sqlite://FILE, for example sqlite://shop.db",
            ),
            ("memory", "\"memory\" is no store's URL: write memory:"),
            (
                "postgre://u:secret@h/d",
                "\"postgre:…\" is no store's URL: write postgres://USER@HOST/DATABASE",
            ),
            ("dynamo://shop", "\"dynamo:…\" is no store's URL: write dynamodb://PREFIX?region=REGION"),
            ("dynamodb:shop", "\"dynamodb:…\" is no store's URL: write dynamodb://PREFIX?region=REGION"),
            (
                "redis://secret@host",
                "\"redis:…\" is no store's URL: write memory:, sqlite://FILE, postgres://… or dynamodb://…",
            ),
        ] {
            assert_eq!(connect(url).await.err().map(|error| error.to_string()).as_deref(), Some(write));
        }
    }
}
