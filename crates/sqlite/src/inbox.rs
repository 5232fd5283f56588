//! The writer's end of its queue: taking what is there, and waiting for more without a runtime.

use std::hint::spin_loop;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

/// For how long the next request is looked for before the thread goes to sleep. A client that commits one at a time is
/// back within this time; waking a thread takes longer.
const LOOK: Duration = Duration::from_micros(40);

/// A queue's end, and how its thread is woken.
pub(crate) struct Inbox<T> {
    queue: Receiver<T>,
    waker: Waker,
    /// For how long to look: not at all where that would keep the client from its only processor.
    look: Duration,
}

/// What came of waiting.
pub(crate) enum Waited<T> {
    Came(T),
    /// Nobody is left who could send.
    Closed,
    TooLong,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<T> Inbox<T> {
    /// The queue's end, for the thread that calls this and for no other.
    pub(crate) fn of_this_thread(queue: Receiver<T>) -> Self {
        let alone = thread::available_parallelism().map_or(1, usize::from) == 1;
        let look = if alone { Duration::ZERO } else { LOOK };
        Self { queue, waker: Waker::from(Arc::new(Unpark(thread::current()))), look }
    }

    /// The next request, if one is there.
    pub(crate) fn take(&mut self) -> Option<T> {
        self.queue.try_recv().ok()
    }

    /// Waits for the next request; for ever, unless there is a time.
    pub(crate) fn wait(&mut self, time: Option<Duration>) -> Waited<T> {
        let begun = Instant::now();
        loop {
            if let Some(request) = self.take() {
                return Waited::Came(request);
            }
            if begun.elapsed() >= self.look {
                break;
            }
            spin_loop();
        }
        let mut context = Context::from_waker(&self.waker);
        loop {
            match self.queue.poll_recv(&mut context) {
                Poll::Ready(Some(request)) => return Waited::Came(request),
                Poll::Ready(None) => return Waited::Closed,
                Poll::Pending => {}
            }
            match time.map(|time| time.saturating_sub(begun.elapsed())) {
                None => thread::park(),
                Some(Duration::ZERO) => return Waited::TooLong,
                Some(left) => thread::park_timeout(left),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use tokio::sync::mpsc::channel;

    use super::{Inbox, Waited};

    #[test]
    fn a_request_wakes_the_thread_that_waits_and_a_closed_queue_ends_it() {
        let (sender, queue) = channel(4);
        let waiting = thread::spawn(move || {
            let mut inbox = Inbox::of_this_thread(queue);
            let mut came = Vec::new();
            while let Waited::Came(request) = inbox.wait(None) {
                came.push(request);
            }
            came
        });
        for request in 0..100 {
            sender.blocking_send(request).unwrap();
        }
        drop(sender);
        assert_eq!(waiting.join().unwrap(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn waiting_ends_with_its_time() {
        let (sender, queue) = channel::<u8>(1);
        let mut inbox = Inbox::of_this_thread(queue);
        let (begun, time) = (Instant::now(), Duration::from_millis(20));
        assert!(matches!(inbox.wait(Some(time)), Waited::TooLong));
        assert!(begun.elapsed() >= time);
        sender.blocking_send(1).unwrap();
        assert!(matches!(inbox.wait(Some(Duration::ZERO)), Waited::Came(1)));
    }
}
