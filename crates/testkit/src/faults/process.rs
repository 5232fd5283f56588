//! A process, as the store sees it: it lives until a fault kills it, and from then on none of its calls is answered.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals_ports::{Adapter, CommitError, Effect, ImportError, StoreError, ViewError};

use super::{Fault, Faults};

/// What a caller waits for an answer that never comes, as errors tell it. Nobody really waits.
const SAID_TO_WAIT: Duration = Duration::from_secs(5);

/// All ports of a store, with faults in the way. Clones are the same process.
#[derive(Clone, Debug)]
pub struct Process {
    faults: Faults,
    pub(super) store: Adapter,
    is_dead: Arc<AtomicBool>,
}

impl Process {
    pub(super) fn new(faults: Faults, store: Adapter) -> Self {
        Self { faults, store, is_dead: Arc::default() }
    }

    /// The ports.
    pub fn adapter(&self) -> Adapter {
        let ports = Arc::new(self.clone());
        Adapter {
            name: self.store.name,
            store: self.store.store,
            events: ports.clone(),
            feed: ports.clone(),
            snapshots: ports.clone(),
            views: ports.clone(),
            leases: ports.clone(),
            import: ports,
            inspect: self.store.inspect.clone(),
        }
    }

    /// Whether a fault has killed it.
    pub fn has_crashed(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// One step: the call, or what comes of it.
    pub(super) async fn step<T, E>(
        &self,
        doing: String,
        call: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failing + Send + 'static,
    {
        let refused = |why: &str| StoreError::Unavailable { doing: doing.clone(), source: why.into() };
        let unknown =
            || E::failed(Effect::Unknown, StoreError::TimedOut { doing: doing.clone(), after: SAID_TO_WAIT });
        if self.has_crashed() {
            return Err(E::failed(Effect::NotWritten, refused("the process has crashed")));
        }
        let answer = match self.faults.next(&doing) {
            None => call.await,
            Some(Fault::Delay(by)) => {
                tokio::time::sleep(by / 2).await;
                let answer = call.await;
                tokio::time::sleep(by / 2).await;
                answer
            }
            Some(Fault::Before) => {
                return Err(E::failed(Effect::NotWritten, refused("an injected fault")));
            }
            Some(Fault::RequestLost) => return Err(unknown()),
            Some(Fault::AnswerLost) => {
                drop(call.await);
                return Err(unknown());
            }
            Some(Fault::Late(by)) => {
                self.faults.owe();
                let faults = self.faults.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(by).await;
                    drop(call.await);
                    faults.pay();
                });
                return Err(unknown());
            }
            Some(Fault::CrashBefore) => {
                self.is_dead.store(true, Ordering::SeqCst);
                return Err(unknown());
            }
            Some(Fault::CrashAfter) => {
                drop(call.await);
                self.is_dead.store(true, Ordering::SeqCst);
                return Err(unknown());
            }
        };
        // Another call may have met its death meanwhile: nobody is there to be answered.
        if self.has_crashed() { Err(unknown()) } else { answer }
    }
}

/// An error of a port, as a failure of the store is told by it.
pub(super) trait Failing {
    fn failed(effect: Effect, source: StoreError) -> Self;
}

impl Failing for StoreError {
    fn failed(_: Effect, source: StoreError) -> Self {
        source
    }
}

impl Failing for CommitError {
    fn failed(effect: Effect, source: StoreError) -> Self {
        Self::Store { effect, source }
    }
}

impl Failing for ImportError {
    fn failed(effect: Effect, source: StoreError) -> Self {
        Self::Commit(CommitError::Store { effect, source })
    }
}

impl Failing for ViewError {
    fn failed(_: Effect, source: StoreError) -> Self {
        Self::Store(source)
    }
}
