//! Where the store is, and what to ask it next: commands to paste.

use std::fmt;

use annals::ports::StoreError;
use ordermaster_domain::{CustomerId, OrderId};
use serde::Serialize;

use super::Piece;
use super::text::grouped;
use crate::app::OrderMaster;

/// How to go on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Onwards {
    /// Where the store is.
    pub location: String,
    /// How large it is, where the store knows.
    pub bytes: Option<u64>,
    /// Commands to go on with; none for a store that ends with the program.
    pub commands: Vec<GoOn>,
}

/// A command to go on with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoOn {
    /// What it shows.
    pub shows: &'static str,
    /// What to paste.
    pub command: String,
}

impl Onwards {
    /// How to go on with the store at `url`, in which there is this order of this customer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn from(
        shop: &OrderMaster,
        url: &str,
        order: &OrderId,
        customer: &CustomerId,
    ) -> Result<Self, StoreError> {
        let described = shop.store().adapter().inspect.describe().await?;
        let commands = if url.starts_with("memory:") { Vec::new() } else { commands(url, order, customer) };
        Ok(Self { location: described.location, bytes: described.bytes, commands })
    }
}

fn commands(url: &str, order: &OrderId, customer: &CustomerId) -> Vec<GoOn> {
    let (stream, customer) = (quoted(&format!("order-{order}")), quoted(customer.as_str()));
    // E04: any other URL may hold a password.
    let store = if url.starts_with("sqlite:") { quoted(url) } else { "\"$ANNALS_STORE\"".to_owned() };
    let features = match url.split_once(':') {
        Some(("postgres" | "postgresql", _)) => " --features postgres",
        Some(("dynamodb", _)) => " --features dynamodb",
        _ => "",
    };
    let run = format!("cargo run --release -p ordermaster{features} -- --store {store}");
    [
        ("every event of the order, and what it changed", format!("history {stream}")),
        ("the order after two events", format!("show {stream} --version 2")),
        ("what happened to it since", format!("diff {stream} --from v2")),
        ("its customer's orders", format!("customer orders {customer}")),
        ("sales by day", "sales".to_owned()),
        (
            "orders delivered",
            "views show order_summary --index status=delivered --newest-first --limit 5".to_owned(),
        ),
        ("the first events of a kind, as JSON", "events --type OrderPaid --limit 3 --json".to_owned()),
        ("the read models", "views list".to_owned()),
        ("every digest, once more", "store check".to_owned()),
    ]
    .into_iter()
    .map(|(shows, arguments)| GoOn { shows, command: format!("{run} {arguments}") })
    .collect()
}

/// The text as a shell takes it for one word.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

impl Piece for Onwards {
    const TITLE: &'static str = "Go on from here";
    const ABOUT: &'static str = "Everything above stays in the store: look around in it.";
}

impl fmt::Display for Onwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.location)?;
        if let Some(bytes) = self.bytes {
            write!(f, " ({} MB)", grouped(bytes.div_ceil(1_000_000)))?;
        }
        for go_on in &self.commands {
            write!(f, "\n\n  # {}\n  {}", go_on.shows, go_on.command)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("sqlite:///tmp/shop.db"), "sqlite:///tmp/shop.db");
        assert_eq!(
            quoted("sqlite://my shop.db?durability=normal"),
            "'sqlite://my shop.db?durability=normal'"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
