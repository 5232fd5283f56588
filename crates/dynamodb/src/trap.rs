//! What a test puts in the way of a store's writes: the process dies before one of them, stands still there until it is let
//! go on, or the answer to one is lost.

use std::sync::Mutex;

use tokio::sync::watch;
use tokio::time::error::Elapsed;

use crate::fault::{Fault, Kind};

/// The trap of one open store; nothing is in it at first.
#[derive(Debug, Default)]
pub(crate) struct Trap(Mutex<Set>);

#[derive(Debug, Default)]
struct Set {
    /// Writes before the process dies.
    dies_after: Option<usize>,
    /// Writes before it stands still, whom that is told, and what lets it go on.
    stands_after: Option<(usize, watch::Sender<bool>, watch::Receiver<bool>)>,
    /// Of how many answers one is lost.
    loses_one_in: Option<usize>,
}

impl Trap {
    fn set(&self) -> std::sync::MutexGuard<'_, Set> {
        self.0.lock().expect("no test panics within it")
    }

    /// After so many writes the process is gone.
    pub(crate) fn die_after(&self, writes: usize) {
        self.set().dies_after = Some(writes);
    }

    /// After so many writes it stands still until it is told to go on.
    pub(crate) fn stand_after(&self, writes: usize) -> Standing {
        let (stands, told) = watch::channel(false);
        let (goes_on, until) = watch::channel(false);
        self.set().stands_after = Some((writes, stands, until));
        Standing { told, goes_on }
    }

    /// One answer in so many is lost, by chance.
    pub(crate) fn lose_one_in(&self, answers: usize) {
        self.set().loses_one_in = Some(answers);
    }

    /// Nothing is in the way any more, but for lost answers.
    pub(crate) fn clear(&self) {
        let mut set = self.set();
        (set.dies_after, set.stands_after) = (None, None);
    }

    pub(crate) async fn before(&self, request: &str) -> Result<(), Fault> {
        if !is_write(request) {
            return Ok(());
        }
        let stands = {
            let mut set = self.set();
            match &mut set.dies_after {
                Some(0) => return Err(Fault::refused("the process is gone")),
                Some(left) => *left -= 1,
                None => {}
            }
            match &mut set.stands_after {
                Some((0, stands, until)) => {
                    stands.send_replace(true);
                    Some(until.clone())
                }
                Some((left, ..)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        if let Some(mut until) = stands {
            let _ = until.wait_for(|goes_on| *goes_on).await;
        }
        Ok(())
    }

    pub(crate) fn after<T>(
        &self,
        request: &str,
        answered: Result<Result<T, Fault>, Elapsed>,
    ) -> Result<Result<T, Fault>, Elapsed> {
        let one_in = self.set().loses_one_in;
        if is_write(request) && one_in.is_some_and(|one_in| fastrand::usize(0..one_in) == 0) {
            return Ok(Err(Fault::new(Kind::Lost, "the answer was lost")));
        }
        answered
    }
}

/// A process that is to stand still.
pub(crate) struct Standing {
    told: watch::Receiver<bool>,
    goes_on: watch::Sender<bool>,
}

impl Standing {
    /// Waits until it stands.
    pub(crate) async fn stands(&mut self) {
        if self.told.wait_for(|stands| *stands).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn go_on(&self) {
        self.goes_on.send_replace(true);
    }
}

fn is_write(request: &str) -> bool {
    matches!(request, "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchWriteItem")
}
