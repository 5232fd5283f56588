//! Streams' names and stores' URLs: a name that is read prints as it was; no URL brings a secret to light (law E04).

use annals::dynamodb::DynamoOptions;
use annals::ports::StoreError;
use annals::postgres::PostgresOptions;
use annals::sqlite::SqliteOptions;
use annals::{Category, StreamId};
use futures::FutureExt as _;

use crate::told::told;

const SECRET: &str = "hunter2-and-more";

/// Reads a text as a stream's name, as a URL, and as the rest of URLs that hold a password.
///
/// # Panics
/// When a property breaks.
pub fn stream_ids_and_urls(bytes: &[u8]) {
    let text = &String::from_utf8_lossy(bytes);
    stream(text);
    url(text);
    for rest in [text.as_ref(), "host/shop"] {
        for scheme in ["postgres", "postgresql", "postgre", "redis", "Postgres", "sqlit", "dynamodb"] {
            url(&format!("{scheme}://user:{SECRET}@{rest}"));
        }
    }
    // A password in which something was not escaped.
    url(&format!("postgres://user:1{text}{SECRET}@host/shop"));
    url(&format!("postgres://user@host/shop?password={SECRET}&{text}"));
    url(&format!("postgres://user@host/shop?{text}&password={SECRET}"));
    url(&format!("sqlite://{text}"));
    url(&format!("sqlite://shop.db?{text}"));
}

fn stream(text: &str) {
    match text.parse::<StreamId>() {
        Err(error) => drop(told(&error)),
        Ok(stream) => {
            assert_eq!(stream.as_str(), text);
            assert_eq!(StreamId::new(stream.category(), stream.id()), Ok(stream.clone()));
            assert!(Category::new(stream.category()).is_ok());
            let json = serde_json::to_string(&stream).expect("a name is a JSON text");
            assert_eq!(serde_json::from_str::<StreamId>(&json).ok(), Some(stream));
        }
    }
    if let Err(error) = Category::new(text) {
        told(&error);
    }
}

fn url(url: &str) {
    // What opens a file, or calls a server, is read and not opened.
    let (shown, debug) = if url.starts_with("sqlite://") {
        read(SqliteOptions::from_url(url))
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        read(PostgresOptions::from_url(url))
    } else if url.starts_with("dynamodb://") {
        read(DynamoOptions::from_url(url))
    } else {
        let connected = annals::connect(url).now_or_never().expect("no answer takes waiting");
        match connected {
            Ok(_) => (String::new(), String::new()),
            Err(error) => (told(&error), format!("{error:?}")),
        }
    };
    // E04
    if secret_is_a_password(url) {
        assert!(!shown.contains(SECRET), "{url:?} is refused with {shown:?}");
        assert!(!debug.contains(SECRET), "{url:?} shows itself as {debug:?}");
    }
}

fn read<T: std::fmt::Debug>(options: Result<T, StoreError>) -> (String, String) {
    match options {
        Ok(options) => (String::new(), format!("{options:?}")),
        Err(error) => (told(&error), format!("{error:?}")),
    }
}

/// Whether the secret stands once, where a password stands.
fn secret_is_a_password(url: &str) -> bool {
    let as_user = format!("://user:{SECRET}@");
    let as_its_end = url.starts_with("postgres://user:") && url.ends_with(&format!("{SECRET}@host/shop"));
    let as_parameter = format!("password={SECRET}");
    url.matches(SECRET).count() == 1
        && (url.contains(&as_user) || as_its_end || url.contains(&as_parameter))
        && !url.starts_with("sqlite://")
}
