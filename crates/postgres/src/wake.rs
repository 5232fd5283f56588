//! Waking who waits for the feed to go on: a task that looks at the feed's marks, and settles them, only while
//! somebody waits; at once for commits of this process, within 40 ms for those of others (law F05).
//!
//! However many wait, one task of a process looks, and of all processes one settles at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::database::Database;
use crate::fault::Fault;
use crate::fence::{self, Marks, Round};
use crate::sweep;

/// How often it is looked for what other processes committed.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Between rounds, so that writers are not kept from their work by looking at them.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(1);

/// Before looking again while another process settles.
const ELSEWHERE: Duration = Duration::from_millis(3);

/// After a look that failed.
const AFTER_FAULT: Duration = Duration::from_millis(100);

/// What a look found.
#[derive(Clone, Debug, Default)]
struct Look {
    /// Rises with each.
    number: u64,
    marks: Marks,
    fault: Option<Fault>,
}

/// The last look, and who waits for the next.
pub(crate) struct Wake {
    shared: Arc<Shared>,
}

struct Shared {
    last: watch::Sender<Look>,
    waiting: AtomicUsize,
    bell: Notify,
    is_closed: AtomicBool,
}

/// As long as it lives, the task looks.
struct Waiting<'a>(&'a Shared);

impl Wake {
    /// Starts the task within the caller's runtime.
    pub(crate) fn start(database: &Arc<Database>) -> Self {
        let shared = Arc::new(Shared {
            last: watch::Sender::default(),
            waiting: AtomicUsize::new(0),
            bell: Notify::new(),
            is_closed: AtomicBool::new(false),
        });
        tokio::spawn(run(shared.clone(), database.clone()));
        Self { shared }
    }

    /// Waits until everything up to `target` is settled; no when that is not so at `until`.
    pub(crate) async fn is_settled(&self, target: i64, until: Instant) -> Result<bool, Fault> {
        self.wait(until, |marks| marks.settled >= target).await
    }

    /// Waits for what was committed by now to be settled, and tells up to where everything is.
    pub(crate) async fn settled_now(
        &self,
        database: &Database,
        until: Instant,
    ) -> Result<Option<i64>, Fault> {
        let marks = fence::marks(database).await?;
        if marks.settled >= marks.drawn || self.is_settled(marks.drawn, until).await? {
            return Ok(Some(marks.drawn.max(marks.settled)));
        }
        Ok(None)
    }

    /// Waits for a look that `is_enough`, from the last one on; no when there is none at `until`.
    async fn wait(&self, until: Instant, is_enough: impl Fn(&Marks) -> bool) -> Result<bool, Fault> {
        let mut last = self.shared.last.subscribe();
        let known = last.borrow_and_update().number;
        let _waiting = self.shared.begin_waiting();
        loop {
            {
                let look = last.borrow_and_update();
                match &look.fault {
                    // An old fault says nothing of now.
                    Some(fault) if look.number > known => return Err(fault.clone()),
                    None if look.number > 0 && is_enough(&look.marks) => return Ok(true),
                    _ => {}
                }
            }
            if timeout_at(until, last.changed()).await.is_err() {
                return Ok(false);
            }
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Release);
        self.shared.bell.notify_one();
    }
}

impl Shared {
    fn begin_waiting(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.bell.notify_one();
        Waiting(self)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    fn tell(&self, marks: Result<Marks, Fault>) {
        self.last.send_modify(|look| {
            look.number += 1;
            match marks {
                Ok(marks) => (look.marks, look.fault) = (marks, None),
                Err(fault) => look.fault = Some(fault),
            }
        });
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Looks while somebody waits, until the store is closed.
async fn run(shared: Arc<Shared>, database: Arc<Database>) {
    let mut committed = database.committed.subscribe();
    // What a dropped view left behind when another process was killed.
    sweep::start(&database);
    while !shared.is_closed() {
        if !shared.is_awaited() {
            shared.bell.notified().await;
            continue;
        }
        committed.borrow_and_update();
        let looked = fence::marks(&database).await;
        let is_behind = looked.as_ref().is_ok_and(|marks| marks.settled < marks.drawn);
        let has_failed = looked.is_err();
        shared.tell(looked);
        if is_behind {
            match fence::round(&database).await {
                Ok(Round::Done) => sleep(BETWEEN_ROUNDS).await,
                Ok(Round::ElsewhereUnderWay) => sleep(ELSEWHERE).await,
                Err(fault) => {
                    // The next look fails likewise, or shows that it was a passing thing.
                    if !fault.is_passing() {
                        shared.tell(Err(fault));
                    }
                    sleep(AFTER_FAULT).await;
                }
            }
        } else if has_failed {
            sleep(AFTER_FAULT).await;
        } else {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                _ = committed.changed() => {}
            }
        }
    }
}
