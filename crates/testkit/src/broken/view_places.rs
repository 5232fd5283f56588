//! More that breaks laws V01 to V03: parked events out of order, versions dropped together, leases given twice, pages
//! that slip.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_core::StreamId;
use annals_ports::{
    Acquired, Clock, Direction, Lease, PageToken, Parked, RowPage, RowQuery, RowSelection, StoreError,
    ViewError, ViewId,
};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// V01: parked events come last one first.
#[derive(Default)]
pub(super) struct TurnsParkedRound;

#[async_trait]
impl Breakage for TurnsParkedRound {
    async fn parked(
        &self,
        sound: &Sound,
        view: &ViewId,
        streams: &[StreamId],
    ) -> Result<Vec<Parked>, StoreError> {
        let mut parked = sound.adapter.views.parked(view, streams).await?;
        parked.reverse();
        Ok(parked)
    }
}

/// V01: with one version of a view all others go.
#[derive(Default)]
pub(super) struct DropsEveryVersion;

#[async_trait]
impl Breakage for DropsEveryVersion {
    async fn reset(&self, sound: &Sound, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        for state in sound.adapter.views.list().await? {
            if state.view.name == view.name {
                sound.adapter.views.reset(&state.view, lease).await?;
            }
        }
        sound.adapter.views.reset(view, lease).await
    }
}

/// V02: a lease that was lost is renewed.
#[derive(Default)]
pub(super) struct RenewsTheLost;

#[async_trait]
impl Breakage for RenewsTheLost {
    async fn renew(
        &self,
        sound: &Sound,
        lease: &Lease,
        time_to_live: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let until = sound.clock.now().plus(time_to_live);
        let renewed = sound.adapter.leases.renew(lease, time_to_live).await?;
        Ok(Some(renewed.unwrap_or(Lease { until, ..lease.clone() })))
    }
}

/// V02: of those who ask at once, several are granted the lease.
#[derive(Default)]
pub(super) struct GrantsTwice {
    under_way: AtomicUsize,
}

#[async_trait]
impl Breakage for GrantsTwice {
    async fn acquire(
        &self,
        sound: &Sound,
        name: &str,
        owner: &str,
        time_to_live: Duration,
    ) -> Result<Acquired, StoreError> {
        let before = self.under_way.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
        let answer = sound.adapter.leases.acquire(name, owner, time_to_live).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(match answer? {
            Acquired::Held { until, .. } if before > 0 => {
                let (name, owner) = (name.to_owned(), owner.to_owned());
                Acquired::Granted(Lease { name, owner, token: 1, until })
            }
            other => other,
        })
    }
}

/// V03: keys come in the order of a dictionary, not of their bytes.
#[derive(Default)]
pub(super) struct SortsKeysAsADictionary;

#[async_trait]
impl Breakage for SortsKeysAsADictionary {
    async fn page(&self, sound: &Sound, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let mut page = sound.adapter.views.page(view, query).await?;
        if matches!(query.select, RowSelection::Keys { .. }) {
            page.rows.sort_by_cached_key(|row| row.key.to_lowercase());
            if query.direction == Direction::Backward {
                page.rows.reverse();
            }
        }
        Ok(page)
    }
}

/// V03: a page begins after so many rows, whatever came or went before them.
#[derive(Default)]
pub(super) struct CountsRows;

#[async_trait]
impl Breakage for CountsRows {
    async fn page(&self, sound: &Sound, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let store = sound.adapter.store;
        let place = query.after.as_ref().map(|token| token.place_in(store)).transpose()?;
        let skipped = place.and_then(|place| place.parse().ok()).unwrap_or(0_usize);
        let whole = RowQuery { after: None, limit: usize::MAX, ..query.clone() };
        let page = sound.adapter.views.page(view, &whole).await?;
        let end = skipped.saturating_add(query.limit.max(1));
        let next = (page.rows.len() > end).then(|| PageToken::new(store, end.to_string()));
        let rows = page.rows.into_iter().skip(skipped).take(query.limit.max(1)).collect();
        Ok(RowPage { rows, next })
    }
}

/// V03: a view that nobody began cannot be read backwards.
#[derive(Default)]
pub(super) struct FailsOnUnknownViews;

#[async_trait]
impl Breakage for FailsOnUnknownViews {
    async fn page(&self, sound: &Sound, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let is_known = sound.adapter.views.state(view).await?.is_some();
        if query.direction == Direction::Backward && !is_known {
            let (doing, reason) = (format!("reading {view}"), "there is no such view".to_owned());
            return Err(StoreError::Refused { doing, reason });
        }
        sound.adapter.views.page(view, query).await
    }
}
