//! `ordermaster store …`: the store itself: describe and check it.

use annals::StoreId;
use clap::Subcommand;
use serde::Serialize;

use super::table;
use super::{AppError, Busy, Session};
use crate::verify::verify;

/// What can be asked about the store.
#[derive(Debug, Subcommand)]
pub(super) enum StoreVerb {
    /// What it is, where it is, and how much it holds
    Info,
    /// Check every event of every stream against the digest it was recorded with
    Check,
}

#[derive(Debug, Serialize)]
struct Checked {
    store: StoreId,
    streams: u64,
    events: u64,
    faults: Vec<String>,
}

impl StoreVerb {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        match self {
            Self::Info => info(session).await,
            Self::Check => check(session).await,
        }
    }
}

async fn info(session: &mut Session) -> Result<(), AppError> {
    let described = session.shop.store().adapter().inspect.describe().await?;
    session.output.document(&described, || {
        let unknown = || "-".to_owned();
        let fields = [
            ("adapter", described.adapter.clone()),
            ("location", described.location.clone()),
            ("store", described.store.to_string()),
            ("schema version", described.schema_version.to_string()),
            ("events", described.events.to_string()),
            ("streams", described.streams.to_string()),
            ("snapshots", described.snapshots.to_string()),
            ("view rows", described.view_rows.to_string()),
            ("last recorded", described.last_recorded_at.map_or_else(unknown, |at| at.to_string())),
            ("bytes", described.bytes.map_or_else(unknown, |bytes| bytes.to_string())),
        ];
        let fields = fields.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
        let settings = described.settings.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
        table::of(&[], fields.chain(settings))
    })
}

async fn check(session: &mut Session) -> Result<(), AppError> {
    let adapter = session.shop.store().adapter().clone();
    let mut busy = Busy::new("checking");
    let verification = verify(&adapter, &mut |events, streams| {
        busy.tick(None, || format!("{events} events, {streams} streams"));
    })
    .await?;
    drop(busy);
    let checked = Checked {
        store: adapter.store,
        streams: verification.streams,
        events: verification.events,
        faults: verification.faults.iter().map(ToString::to_string).collect(),
    };
    session.output.document(&checked, || {
        let whole = format!("streams: {}, events: {}", checked.streams, checked.events);
        let found =
            if checked.faults.is_empty() { "every digest holds" } else { "not as they were recorded:" };
        let faults = checked.faults.iter().map(|fault| format!("\n  {}", table::plain(fault)));
        format!("{whole}; {found}{}", faults.collect::<String>())
    })?;
    session.output.flush()?;
    match checked.faults.len() {
        0 => Ok(()),
        faults => Err(AppError::Damaged { faults, streams: checked.streams }),
    }
}
