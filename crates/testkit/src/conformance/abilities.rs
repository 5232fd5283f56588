//! What a store under test may be able to do besides keeping the laws: hang a writer, go away, lose an answer, show a
//! secret. What a store cannot do is said in the test's output, never left out in silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals_core::{StreamHead, StreamId};
use annals_ports::{
    Adapter, Commit, CommitError, Effect, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage,
    TypeQuery,
};
use async_trait::async_trait;

use super::StoreUnderTest;

/// Something that lasts until it is dropped: a writer that hangs, a store that is away.
pub type Held = Box<dyn Send + Sync>;

/// A secret that a store was opened with, such as a password, and what people are shown of the store.
#[derive(Clone)]
pub struct Secret {
    /// The secret.
    pub secret: String,
    /// Texts that it could have got into: `Debug` of options and handles, errors of a failed opening.
    pub shown: Vec<String>,
}

/// Says that a law's test could not be tried whole.
pub(super) fn not_tried<S: StoreUnderTest>(law: &str, ability: &str) {
    eprintln!("{law} was not tried: {} cannot {ability}", std::any::type_name::<S>());
}

/// The store behind a line that is cut after the next commit was written: its answer is lost.
pub(super) fn cut_line(adapter: Adapter) -> Adapter {
    cut_line_saying(adapter, Effect::Unknown)
}

/// The same with an error that says this of the commit.
pub(crate) fn cut_line_saying(adapter: Adapter, effect: Effect) -> Adapter {
    let cut = AtomicBool::new(true);
    Adapter { events: Arc::new(CutLine { events: adapter.events.clone(), cut, effect }), ..adapter }
}

struct CutLine {
    events: Arc<dyn EventStore>,
    cut: AtomicBool,
    effect: Effect,
}

#[async_trait]
impl EventStore for CutLine {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let doing = commit.doing();
        let answer = self.events.commit(commit).await;
        if answer.is_ok() && self.cut.swap(false, Ordering::SeqCst) {
            let source = StoreError::TimedOut { doing, after: Duration::from_secs(1) };
            return Err(CommitError::Store { effect: self.effect, source });
        }
        answer
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.events.read_stream(stream, range).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.events.head(stream).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.events.read_by_type(query).await
    }
}
