//! What breaks laws R01 to R06: streams cut short, answers from memory, events that lose something, wrong orders.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use annals_core::{Json, StreamHead, StreamId, Version};
use annals_ports::{PageToken, ReadRange, StoreError, StreamPage, TypePage, TypeQuery};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// R01: no stream is read further than its first thousand events.
#[derive(Default)]
pub(super) struct EndsEarly;

#[async_trait]
impl Breakage for EndsEarly {
    async fn read_stream(
        &self,
        sound: &Sound,
        stream: &StreamId,
        range: ReadRange,
    ) -> Result<StreamPage, StoreError> {
        let range = ReadRange { to: range.to.min(Version::new(1_000)), ..range };
        sound.adapter.events.read_stream(stream, range).await
    }
}

/// R02: another process answers with the head that it told first.
#[derive(Default)]
pub(super) struct RemembersHeads {
    told: Mutex<HashMap<StreamId, StreamHead>>,
}

#[async_trait]
impl Breakage for RemembersHeads {
    async fn head(&self, sound: &Sound, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        let head = sound.adapter.events.head(stream).await?;
        if !sound.is_second {
            return Ok(head);
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(head.map(|head| *told.entry(stream.clone()).or_insert(head)))
    }
}

/// R03: reading on in a stream that nobody wrote to fails.
#[derive(Default)]
pub(super) struct FailsOnUnknown;

#[async_trait]
impl Breakage for FailsOnUnknown {
    async fn read_stream(
        &self,
        sound: &Sound,
        stream: &StreamId,
        range: ReadRange,
    ) -> Result<StreamPage, StoreError> {
        if range.from > Version::FIRST && sound.adapter.events.head(stream).await?.is_none() {
            let (doing, reason) = (format!("reading {stream}"), "there is no such stream".to_owned());
            return Err(StoreError::Refused { doing, reason });
        }
        sound.adapter.events.read_stream(stream, range).await
    }
}

/// R04: events that are read by type come without their metadata.
#[derive(Default)]
pub(super) struct LeavesMetadataOut;

#[async_trait]
impl Breakage for LeavesMetadataOut {
    async fn read_by_type(&self, sound: &Sound, query: &TypeQuery) -> Result<TypePage, StoreError> {
        let mut page = sound.adapter.events.read_by_type(query).await?;
        for event in &mut page.events {
            event.header.metadata = Json::empty();
        }
        Ok(page)
    }
}

/// R05: streams with the same stamp come in the order of a dictionary, not of their bytes.
#[derive(Default)]
pub(super) struct SortsAsADictionary;

#[async_trait]
impl Breakage for SortsAsADictionary {
    async fn read_by_type(&self, sound: &Sound, query: &TypeQuery) -> Result<TypePage, StoreError> {
        let mut page = sound.adapter.events.read_by_type(query).await?;
        page.events.sort_by_cached_key(|event| {
            let header = &event.header;
            (header.recorded_at, header.stream.as_str().to_lowercase(), header.version)
        });
        Ok(page)
    }
}

/// R06: a page token of another store is taken for its own.
#[derive(Default)]
pub(super) struct TakesAnyToken;

#[async_trait]
impl Breakage for TakesAnyToken {
    async fn read_by_type(&self, sound: &Sound, query: &TypeQuery) -> Result<TypePage, StoreError> {
        let place = query.after.as_ref().map(ToString::to_string);
        let place = place.as_deref().and_then(|token| token.split_once('~'));
        let after = place.map(|(_, place)| PageToken::new(sound.adapter.store, place.to_owned()));
        sound.adapter.events.read_by_type(&TypeQuery { after, ..query.clone() }).await
    }
}
