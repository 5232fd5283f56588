//! Requests that wait until a test says what becomes of them.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::Requests;
use super::line::{Line, locked};
use super::requests::Request;

/// Held requests. When this is dropped they go on, and no further ones are held.
///
/// A request that is held goes on even when its client has given it up meanwhile: so a late write is made.
#[derive(Debug)]
pub struct Hold {
    gate: Arc<Gate>,
    line: Weak<Line>,
}

/// Where requests wait.
#[derive(Debug)]
pub(super) struct Gate {
    requests: Requests,
    verdict: watch::Sender<Verdict>,
    waiting: watch::Sender<usize>,
}

/// What becomes of the requests at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    GoOn,
    HangUp,
}

impl Hold {
    pub(super) fn new(line: &Arc<Line>, requests: Requests) -> Self {
        let gate =
            Gate { requests, verdict: watch::Sender::new(Verdict::Wait), waiting: watch::Sender::new(0) };
        let gate = Arc::new(gate);
        locked(&line.gates).push(gate.clone());
        Self { gate, line: Arc::downgrade(line) }
    }

    /// How many requests are held now.
    pub fn waiting(&self) -> usize {
        *self.gate.waiting.borrow()
    }

    /// Waits until so many requests are held.
    pub async fn until_waiting(&self, count: usize) {
        // The sender lives as long as this value.
        let _ = self.gate.waiting.subscribe().wait_for(|waiting| *waiting >= count).await;
    }

    /// Lets all that are held go on.
    pub fn release(self) {
        self.end(Verdict::GoOn);
    }

    /// Closes the connections of all that are held; none of them is carried out.
    pub fn discard(self) {
        self.end(Verdict::HangUp);
    }

    fn end(&self, verdict: Verdict) {
        if let Some(line) = self.line.upgrade() {
            locked(&line.gates).retain(|gate| !Arc::ptr_eq(gate, &self.gate));
        }
        self.gate.verdict.send_if_modified(|said| {
            let first = *said == Verdict::Wait;
            if first {
                *said = verdict;
            }
            first
        });
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.end(Verdict::GoOn);
    }
}

impl Gate {
    pub(super) fn holds(&self, request: &Request) -> bool {
        self.requests.hold(request)
    }

    /// Waits here; whether the request is to go on.
    pub(super) async fn pass(&self) -> bool {
        self.waiting.send_modify(|waiting| *waiting += 1);
        let mut verdict = self.verdict.subscribe();
        // The sender lives as long as this gate.
        let said = verdict.wait_for(|verdict| *verdict != Verdict::Wait).await.map(|said| *said);
        self.waiting.send_modify(|waiting| *waiting -= 1);
        matches!(said, Ok(Verdict::GoOn))
    }
}
