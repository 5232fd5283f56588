//! More that breaks laws R01, R05 and R06: names that are folded, and tokens that are taken too lightly, or by one
//! process alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use annals_core::StreamId;
use annals_ports::{
    PageToken, ReadRange, RowPage, RowQuery, StoreError, StreamPage, TypePage, TypeQuery, ViewId,
};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// R01: orders whose ids differ in case are one.
#[derive(Default)]
pub(super) struct FoldsCase;

#[async_trait]
impl Breakage for FoldsCase {
    async fn read_stream(
        &self,
        sound: &Sound,
        stream: &StreamId,
        range: ReadRange,
    ) -> Result<StreamPage, StoreError> {
        let events = &sound.adapter.events;
        let folded =
            if stream.category() == "order" { stream.as_str().to_lowercase().parse().ok() } else { None };
        match folded {
            Some(folded) if events.head(&folded).await?.is_some() => events.read_stream(&folded, range).await,
            _ => events.read_stream(stream, range).await,
        }
    }
}

/// R05: a token that no query gave begins the query again.
#[derive(Default)]
pub(super) struct BeginsAgain;

#[async_trait]
impl Breakage for BeginsAgain {
    async fn read_by_type(&self, sound: &Sound, query: &TypeQuery) -> Result<TypePage, StoreError> {
        match sound.adapter.events.read_by_type(query).await {
            Err(StoreError::InvalidToken { .. }) => {
                sound.adapter.events.read_by_type(&TypeQuery { after: None, ..query.clone() }).await
            }
            answer => answer,
        }
    }
}

/// R06: a page token of another store's view is taken for its own.
#[derive(Default)]
pub(super) struct TakesAnyRowToken;

#[async_trait]
impl Breakage for TakesAnyRowToken {
    async fn page(&self, sound: &Sound, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let token = query.after.as_ref().map(ToString::to_string);
        let place = token.as_deref().and_then(|token| token.split_once('~'));
        let after = place.map(|(_, place)| PageToken::new(sound.adapter.store, place.to_owned()));
        sound.adapter.views.page(view, &RowQuery { after, ..query.clone() }).await
    }
}

/// R06: a token is known to the process alone that gave it.
#[derive(Default)]
pub(super) struct KeepsTokens {
    given: Mutex<HashMap<String, bool>>,
}

#[async_trait]
impl Breakage for KeepsTokens {
    async fn read_by_type(&self, sound: &Sound, query: &TypeQuery) -> Result<TypePage, StoreError> {
        if let Some(token) = &query.after {
            let text = token.to_string();
            let giver = self.given.lock().unwrap_or_else(PoisonError::into_inner).get(&text).copied();
            if giver.is_some_and(|giver| giver != sound.is_second) {
                return Err(StoreError::InvalidToken { text, reason: "another process gave it".to_owned() });
            }
        }
        let page = sound.adapter.events.read_by_type(query).await?;
        if let Some(next) = &page.next {
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            given.insert(next.to_string(), sound.is_second);
        }
        Ok(page)
    }
}
