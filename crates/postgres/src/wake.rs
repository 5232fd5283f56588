//! Waking who waits for the feed to go on: a task that looks at the feed's marks, and settles them, only while
//! somebody waits; at once for commits of this process, within 80 ms for those of others (law F05).
//!
//! However many wait, one task of a handle looks, and of all handles and processes one settles at a time. While events
//! flow there are rounds at a steady pace and no looks besides; when they stop, there are looks and no rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::database::Database;
use crate::fault::Fault;
use crate::fence::{self, Marks, Round};
use crate::sweep;

/// How often it is looked for what other processes committed.
const LOOK_EVERY: Duration = Duration::from_millis(72);

/// From one round's beginning to the next at least: followers get larger pages, and writers keep the server.
const ROUND_EVERY: Duration = Duration::from_millis(12);

/// Before looking again while another process settles.
const ELSEWHERE: Duration = Duration::from_millis(3);

/// After a look that failed.
const AFTER_FAULT: Duration = Duration::from_millis(100);

/// What a look found.
#[derive(Clone, Debug)]
struct Look {
    /// Rises with each.
    number: u64,
    /// When it was told.
    told: Instant,
    marks: Marks,
    fault: Option<Fault>,
}

/// The last look, and who waits for the next.
pub(crate) struct Wake {
    shared: Arc<Shared>,
}

struct Shared {
    last: watch::Sender<Look>,
    /// The last position that anybody here saw drawn.
    seen: AtomicI64,
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
            last: watch::Sender::new(Look::none()),
            seen: AtomicI64::new(0),
            waiting: AtomicUsize::new(0),
            bell: Notify::new(),
            is_closed: AtomicBool::new(false),
        });
        tokio::spawn(run(shared.clone(), database.clone()));
        Self { shared }
    }

    /// Waits until everything up to `target` is settled; no when that is not so at `until`.
    pub(crate) async fn is_settled(&self, target: i64, until: Instant) -> Result<bool, Fault> {
        self.wait(until, |marks, _| marks.settled >= target).await
    }

    /// Waits until more is settled than what a reader found, or less was drawn, as after a crash; no when that is not so
    /// at `until`.
    pub(crate) async fn has_news(&self, settled: i64, until: Instant) -> Result<bool, Fault> {
        self.wait(until, |marks, is_new| marks.settled > settled || (is_new && marks.drawn < settled)).await
    }

    /// Takes note of the marks that a reader found, who asked for them at `asked`: they need not be looked for.
    ///
    /// What is published need not have reached the disk, so that a crash may take it back. A look that was told before a
    /// reader asked, and says more than the reader found, is of before a crash: nobody is to go by it any more.
    pub(crate) fn saw(&self, marks: Marks, asked: Instant) {
        self.shared.last.send_if_modified(|look| {
            let is_lost = look.told < asked && look.marks.settled > marks.settled;
            if is_lost {
                look.tell(Ok(marks));
            }
            is_lost
        });
        self.shared.seen.fetch_max(marks.drawn, Ordering::AcqRel);
        if marks.drawn > self.shared.last.borrow().marks.settled {
            self.shared.bell.notify_one();
        }
    }

    /// Waits for what was committed by now to be settled, and tells up to where everything is.
    pub(crate) async fn settled_now(
        &self,
        database: &Database,
        until: Instant,
    ) -> Result<Option<i64>, Fault> {
        let asked = Instant::now();
        let marks = fence::marks(database).await?;
        self.saw(marks, asked);
        if marks.settled >= marks.drawn || self.is_settled(marks.drawn, until).await? {
            return Ok(Some(marks.drawn.max(marks.settled)));
        }
        Ok(None)
    }

    /// Waits for a look that `is_enough`, from the last one on; no when there is none at `until`.
    async fn wait(&self, until: Instant, is_enough: impl Fn(&Marks, bool) -> bool) -> Result<bool, Fault> {
        let mut last = self.shared.last.subscribe();
        let known = last.borrow_and_update().number;
        let _waiting = self.shared.begin_waiting();
        loop {
            {
                let look = last.borrow_and_update();
                let is_new = look.number > known;
                match &look.fault {
                    // An old fault says nothing of now.
                    Some(fault) if is_new => return Err(fault.clone()),
                    None if look.number > 0 && is_enough(&look.marks, is_new) => return Ok(true),
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
        if self.waiting.fetch_add(1, Ordering::AcqRel) == 0 {
            self.bell.notify_one();
        }
        Waiting(self)
    }

    /// The marks of the last look, if it was one that told them.
    fn marks(&self) -> Option<Marks> {
        let look = self.last.borrow();
        (look.number > 0 && look.fault.is_none()).then_some(look.marks)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    fn tell(&self, marks: Result<Marks, Fault>) {
        self.last.send_modify(|look| look.tell(marks));
    }
}

impl Look {
    fn none() -> Self {
        Self { number: 0, told: Instant::now(), marks: Marks::default(), fault: None }
    }

    fn tell(&mut self, marks: Result<Marks, Fault>) {
        self.number += 1;
        self.told = Instant::now();
        match marks {
            Ok(marks) => (self.marks, self.fault) = (marks, None),
            Err(fault) => self.fault = Some(fault),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Looks and settles while somebody waits, until the store is closed.
async fn run(shared: Arc<Shared>, database: Arc<Database>) {
    let mut committed = database.committed.subscribe();
    // What a dropped view left behind when another process was killed.
    sweep::start(&database);
    let mut next_round = Instant::now();
    let (mut is_flowing, mut likely) = (false, Duration::ZERO);
    // Only a look tells of a fault that may pass.
    let mut has_looked = false;
    while !shared.is_closed() {
        if !shared.is_awaited() {
            shared.bell.notified().await;
            continue;
        }
        let known = shared.marks().unwrap_or_default();
        if has_looked && (is_flowing || shared.seen.load(Ordering::Acquire) > known.settled) {
            sleep_until(next_round).await;
            next_round = Instant::now() + ROUND_EVERY;
            committed.borrow_and_update();
            (is_flowing, has_looked) = match settle(&shared, &database, known, &mut likely).await {
                Ok(is_more) => (is_more, true),
                Err(fault) => {
                    if !fault.is_passing() {
                        shared.tell(Err(fault));
                    }
                    sleep(AFTER_FAULT).await;
                    (false, false)
                }
            };
            continue;
        }
        let looked = look(&shared, &database).await;
        has_looked = looked.is_ok();
        match looked {
            Ok(drawn) => {
                shared.seen.fetch_max(drawn, Ordering::AcqRel);
                if drawn > known.settled {
                    continue;
                }
                tokio::select! {
                    () = sleep(LOOK_EVERY) => {}
                    () = shared.bell.notified() => {}
                    _ = committed.changed() => is_flowing = true,
                }
            }
            Err(fault) => {
                shared.tell(Err(fault));
                sleep(AFTER_FAULT).await;
            }
        }
    }
}

/// Looks for what was drawn, and tells the marks when they are not as they were.
async fn look(shared: &Shared, database: &Database) -> Result<i64, Fault> {
    if let Some(known) = shared.marks()
        && known.settled >= known.drawn
    {
        let drawn = fence::drawn(database).await?;
        if drawn >= known.drawn {
            return Ok(drawn);
        }
    }
    let marks = fence::marks(database).await?;
    shared.tell(Ok(marks));
    Ok(marks.drawn)
}

/// Settles what was drawn, or waits a little while another process does. Tells whether there is probably more to come;
/// `likely` is for how long writers are waited for.
async fn settle(
    shared: &Shared,
    database: &Database,
    known: Marks,
    likely: &mut Duration,
) -> Result<bool, Fault> {
    match fence::round(database, *likely).await? {
        Round::Done { marks, waited } => {
            *likely = waited;
            let is_more = marks.settled > known.settled;
            if !is_more {
                // After a crash fewer are drawn than were seen.
                shared.seen.store(marks.drawn, Ordering::Release);
            }
            shared.tell(Ok(marks));
            Ok(is_more)
        }
        Round::ElsewhereUnderWay(marks) => {
            shared.tell(Ok(marks));
            sleep(ELSEWHERE).await;
            Ok(true)
        }
    }
}
