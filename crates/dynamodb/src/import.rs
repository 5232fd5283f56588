//! Recorded commits, written as they were (law A13). Each has a marker: nothing says whether it was to take effect once.

use std::collections::BTreeSet;

use annals_core::{CommitId, Json, RecordedEvent, StreamHead, Version};
use annals_ports::{
    CommitError, Effect, HistoryImport, ImportError, Imported, RecordedCommit, appended, check_continues,
    check_whole,
};
use async_trait::async_trait;
use futures::future::try_join_all;

use crate::DynamoStore;
use crate::event_item::{self, Beside};
use crate::fault::{Fault, Kind};
use crate::heads::Known;
use crate::marker::{self, Marked, Marker, Places};
use crate::patience::Patience;
use crate::tables::Table;
use crate::write::Write;

#[async_trait]
impl HistoryImport for DynamoStore {
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError> {
        let commit = canonical(commit);
        match &commit {
            RecordedCommit::Events(events) => {
                check_whole(events)?;
                let import = Import { store: self, id: events[0].header.commit.id, commit: &commit, events };
                import.run().await
            }
            RecordedCommit::Refusal { id, reason } => {
                self.import_outcome(*id, &commit, Marked::Refusal(reason.clone())).await
            }
            RecordedCommit::Unchanged { id } => self.import_outcome(*id, &commit, Marked::Unchanged).await,
        }
    }
}

impl DynamoStore {
    async fn import_outcome(
        &self,
        id: CommitId,
        commit: &RecordedCommit,
        what: Marked,
    ) -> Result<Imported, ImportError> {
        let marker = Marker { what, by: marker::draw() };
        let told = |fault: &Fault| fault.told_of_commit(&doing(id), &self.database().options);
        let Err(fault) = self.database().write(&marker::write(id, &marker)).await else {
            return Ok(Imported::Written);
        };
        let (Kind::Condition, Some(found)) = (fault.kind, fault.found(0)) else {
            return Err(told(&fault).into());
        };
        let standing = marker::read(found).map_err(|fault| told(&fault))?;
        if standing.by == marker.by {
            return Ok(Imported::Written);
        }
        if self.marked(id, standing).await.map_err(|fault| told(&fault))? == *commit {
            return Ok(Imported::AlreadyThere);
        }
        Err(CommitError::CommitIdReused { commit: id, stream: None }.into())
    }
}

fn doing(id: CommitId) -> String {
    format!("importing commit {id}")
}

/// Events that are being imported.
struct Import<'a> {
    store: &'a DynamoStore,
    id: CommitId,
    commit: &'a RecordedCommit,
    events: &'a [RecordedEvent],
}

impl Import<'_> {
    async fn run(&self) -> Result<Imported, ImportError> {
        let mut patience = Patience::of(self.store.database().options.timeout);
        // Who imports a history in order has just written what this commit continues.
        let mut heads = self.heads_assumed();
        loop {
            let known = match heads.take() {
                Some(heads) => heads,
                None => match self.look().await? {
                    Looked::Continues(heads) => heads,
                    Looked::Stands => return Ok(Imported::AlreadyThere),
                },
            };
            if self.write(&known).await? {
                return Ok(Imported::Written);
            }
            if !patience.wait().await {
                let fault = Fault::new(Kind::Contended, "other commits came first, again and again");
                return Err(self.failed(&fault, Effect::NotWritten).into());
            }
        }
    }

    /// The events of each stream.
    fn pieces(&self) -> impl Iterator<Item = &[RecordedEvent]> {
        self.events.chunk_by(|before, after| before.header.stream == after.header.stream)
    }

    /// The heads that the commit continues, as far as this process knows them.
    fn heads_assumed(&self) -> Option<Vec<Option<Known>>> {
        let assumed = self.pieces().map(|piece| {
            let first = &piece[0].header;
            let known = self.store.shared.heads.known(&first.stream);
            let is_known = known.is_some() || first.version == Version::FIRST;
            (is_known && continues(known, piece).is_ok()).then_some(known)
        });
        assumed.collect()
    }

    /// Reads the heads that the commit is to continue, and what stands under its id.
    async fn look(&self) -> Result<Looked, ImportError> {
        let store = self.store;
        let not_written = |fault: Fault| self.failed(&fault, Effect::NotWritten);
        let heads = try_join_all(self.pieces().map(|piece| store.head_of(&piece[0].header.stream)));
        let heads = heads.await.map_err(not_written)?;
        let standing = self.standing(&heads).await.map_err(not_written)?;
        if standing.as_ref() == Some(self.commit) {
            return Ok(Looked::Stands);
        }
        for (piece, head) in self.pieces().zip(&heads) {
            continues(*head, piece)?;
        }
        if standing.is_some() {
            return Err(CommitError::CommitIdReused { commit: self.id, stream: None }.into());
        }
        Ok(Looked::Continues(heads))
    }

    /// What stands under the commit's id: by its marker, or at the commit's own places.
    async fn standing(&self, heads: &[Option<Known>]) -> Result<Option<RecordedCommit>, Fault> {
        if let Some(marker) = self.store.marker_of(self.id).await? {
            return self.store.marked(self.id, marker).await.map(Some);
        }
        let is_covered = self.pieces().zip(heads).all(|(piece, head)| {
            head.is_some_and(|known| piece.iter().all(|event| event.header.version <= known.head.version))
        });
        if !is_covered {
            return Ok(None);
        }
        let places: BTreeSet<_> =
            self.events.iter().map(|event| (event.header.stream.clone(), event.header.version)).collect();
        let found = self.store.standing_at(&places).await?;
        let mut standing = found.iter().map(event_item::decode).collect::<Result<Vec<_>, _>>()?;
        standing.sort_by_key(|event| event.header.commit.index);
        // Other events at these places are a conflict, which is told by the heads.
        Ok((standing == self.events).then_some(RecordedCommit::Events(standing)))
    }

    /// Writes the commit behind these heads; false when something else was written meanwhile.
    async fn write(&self, heads: &[Option<Known>]) -> Result<bool, ImportError> {
        let database = self.store.database();
        let written = database.now();
        let added = appended(self.events);
        let mut writes = Vec::with_capacity(self.events.len() + 1);
        for ((piece, head), added) in self.pieces().zip(heads).zip(&added) {
            let mut previous = head.map(|known| known.written);
            for event in piece {
                let beside = Beside { previous, written: Some(written), append_end: added.head.version };
                let item = event_item::encode(event, beside, database.shape.type_shards);
                writes.push(Write::put(Table::Events, item).where_none_stands());
                previous = Some(written);
            }
        }
        let what = Marked::Events(added.iter().map(Places::of).collect());
        let marker = Marker { what, by: marker::draw() };
        writes.push(marker::write(self.id, &marker));
        if let Err(fault) = database.transact(&writes).await {
            let standing = fault.found(self.events.len()).map(marker::read);
            let is_ours = standing.is_some_and(|found| found.is_ok_and(|found| found.by == marker.by));
            if fault.kind != Kind::Condition {
                return Err(fault.told_of_commit(&doing(self.id), &database.options).into());
            }
            if !is_ours {
                return Ok(false);
            }
        }
        for added in &added {
            self.store.shared.heads.learn(&added.stream, Known { head: added.head, written });
        }
        self.store.shared.hub.committed(&added);
        Ok(true)
    }

    fn failed(&self, fault: &Fault, effect: Effect) -> CommitError {
        let source = fault.told(&doing(self.id), &self.store.database().options);
        CommitError::Store { effect, source }
    }
}

enum Looked {
    /// The commit stands there already.
    Stands,
    /// It continues these heads.
    Continues(Vec<Option<Known>>),
}

fn continues(head: Option<Known>, piece: &[RecordedEvent]) -> Result<(), ImportError> {
    let head: Option<StreamHead> = head.map(|known| known.head);
    check_continues(head.as_ref(), piece)
}

/// The commit with its texts in canonical form. One that has none fails its digest's check.
fn canonical(commit: RecordedCommit) -> RecordedCommit {
    let text = |json: Json| json.canonical().unwrap_or(json);
    match commit {
        RecordedCommit::Events(mut events) => {
            for event in &mut events {
                event.header.metadata = text(std::mem::take(&mut event.header.metadata));
                event.payload = text(std::mem::take(&mut event.payload));
            }
            RecordedCommit::Events(events)
        }
        RecordedCommit::Refusal { id, reason } => RecordedCommit::Refusal { id, reason: text(reason) },
        RecordedCommit::Unchanged { id } => RecordedCommit::Unchanged { id },
    }
}
