//! What a page needs of the store before it is worked on: routes, and events that waited for what it teaches.
//!
//! Each kind is read for the whole page at once. Rows come later, once it is known which.

use std::collections::HashMap;
use std::sync::Arc;

use annals_core::{EventSet, Recorded, StreamId, Version};
use annals_ports::{EventStoreExt, Parked, ReadRange};

use crate::router::Shared;
use crate::session::{Located, Session};
use crate::view::parse_key;
use crate::{Keys, Projection, ProjectionError};

/// Events by stream and version; none for one that was retired since it was parked.
type Found<P> = HashMap<(StreamId, Version), Option<Shared<P>>>;

impl<P: Projection> Session<P> {
    /// Reads, at once, the routes that these events follow or teach and that are not known yet.
    pub(crate) async fn load_routes<'a>(
        &mut self,
        events: impl Iterator<Item = (&'a Shared<P>, &'a Keys<P::Key>)>,
    ) -> Result<(), ProjectionError> {
        let mut streams = Vec::new();
        for (event, keys) in events {
            let own = &event.header.stream;
            let taught = keys.lessons(own).map(|(stream, _)| stream);
            streams.extend(
                keys.awaited(own).into_iter().chain(taught).filter(|s| !self.router.knows(s)).cloned(),
            );
        }
        if streams.is_empty() {
            return Ok(());
        }
        streams.sort_unstable();
        streams.dedup();
        self.finish_writing().await?;
        let routes = self.adapter.views.routes(&self.view, &streams).await?;
        for (stream, keys) in streams.into_iter().zip(routes) {
            let keys = keys.iter().map(|key| parse_key(&self.view, key)).collect::<Result<_, _>>()?;
            self.router.load_routes(stream, keys);
        }
        Ok(())
    }

    /// Reads the events that wait for a stream that the page may teach for the first time.
    pub(crate) async fn load_parked(&mut self, events: &[Located<P>]) -> Result<(), ProjectionError> {
        if self.parked == 0 {
            return Ok(());
        }
        let mut streams: Vec<StreamId> = Vec::new();
        for (event, keys) in events {
            for (stream, _) in keys.lessons(&event.header.stream) {
                if !self.router.is_routed(stream) {
                    streams.push(stream.clone());
                }
            }
        }
        if streams.is_empty() {
            return Ok(());
        }
        streams.sort_unstable();
        streams.dedup();
        self.finish_writing().await?;
        let parked = self.adapter.views.parked(&self.view, &streams).await?;
        let found = self.read_parked(&parked).await?;
        let with_keys: Vec<_> =
            found.values().flatten().map(|event| (event, self.projection.keys(event))).collect();
        self.load_routes(with_keys.iter().map(|(event, keys)| (*event, keys))).await?;
        for parked in parked {
            match found.get(&(parked.stream.clone(), parked.version)) {
                Some(Some(event)) => self.router.load_parked(parked.awaits, Arc::clone(event)),
                // Retired since: it waits no longer, and does nothing.
                _ => self.router.drop_parked(parked),
            }
        }
        Ok(())
    }

    /// The parked events, from memory or from history, by name.
    async fn read_parked(&mut self, parked: &[Parked]) -> Result<Found<P>, ProjectionError> {
        let mut found = HashMap::with_capacity(parked.len());
        let mut missing: Vec<(StreamId, Version)> = Vec::new();
        for parked in parked {
            let name = (parked.stream.clone(), parked.version);
            match self.waiting.get(&name) {
                Some(event) => drop(found.insert(name, Some(Arc::clone(event)))),
                None => missing.push(name),
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let follows = |a: &(StreamId, Version), b: &(StreamId, Version)| a.0 == b.0 && a.1.next() == b.1;
        for run in missing.chunk_by(follows) {
            let ((stream, from), (_, to)) = (&run[0], &run[run.len() - 1]);
            for recorded in self.adapter.events.read_all(stream, ReadRange::between(*from, *to)).await? {
                let name = (stream.clone(), recorded.header.version);
                let event = P::Event::decode(&recorded)?.event();
                found.insert(name, event.map(|event| Arc::new(Recorded { header: recorded.header, event })));
            }
        }
        match missing.into_iter().find(|name| !found.contains_key(name)) {
            None => Ok(found),
            Some((stream, version)) => {
                Err(ProjectionError::ParkedEventMissing { view: self.view.clone(), stream, version })
            }
        }
    }
}
