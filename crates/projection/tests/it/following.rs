//! Following live: new events are seen soon, bad hours are outlived, another runner is waited for; and lag.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use annals_projection::{AnyRunner, Progress, Projection, ProjectionError, Runner, RunnerOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::faulty::{Fault, Faulty};
use crate::sales::{CustomerFees, CustomerTotals, OrderEvent};
use crate::shop::{Shop, created, pages_of, rows};

/// Longer than anything here takes.
const BOUND: Duration = Duration::from_secs(20);

struct Follower {
    end: oneshot::Sender<()>,
    progress: mpsc::UnboundedReceiver<Progress>,
    task: JoinHandle<Result<annals_projection::CaughtUp, ProjectionError>>,
}

impl Follower {
    fn of<P: Projection>(runner: Arc<Runner<P>>) -> Self {
        let (end, ended) = oneshot::channel::<()>();
        let (tell, progress) = mpsc::unbounded_channel();
        let until = async move { drop(ended.await) };
        let task = tokio::spawn(async move {
            runner.follow(until, move |progress| drop(tell.send(progress.clone()))).await
        });
        Self { end, progress, task }
    }

    /// Waits until so many events were applied and the end was reached.
    async fn reaches(&mut self, events: u64) {
        let reached = async {
            while let Some(progress) = self.progress.recv().await {
                if progress.events >= events && progress.at_end {
                    return;
                }
            }
            panic!("the follower ended");
        };
        tokio::time::timeout(BOUND, reached).await.expect("new events are seen within the bound");
    }

    async fn end(self) -> annals_projection::CaughtUp {
        self.end.send(()).unwrap();
        tokio::time::timeout(BOUND, self.task).await.expect("it ends soon").unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_follower_sees_what_is_committed_and_leaves_its_place() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let runner = Arc::new(Runner::new(shop.adapter.clone(), CustomerTotals));
    let mut follower = Follower::of(Arc::clone(&runner));
    follower.reaches(1).await;
    for paid in 1..=3 {
        shop.order("1", OrderEvent::Paid { amount: 1 }).await;
        follower.reaches(1 + paid).await;
        assert_eq!(rows(&runner.view()).await, shop.folded(CustomerTotals).await);
    }
    shop.weather().await;
    let caught_up = follower.end().await;
    assert_eq!((caught_up.events, caught_up.rows_changed), (4, 4));
    let state = runner.view().state().await.unwrap().unwrap();
    assert_eq!(state.checkpoint.position, caught_up.position);
    assert_eq!(runner.catch_up(|_| {}).await.unwrap().events, 0, "the lease was given back");
}

#[tokio::test]
async fn events_of_others_move_the_checkpoint_but_not_one_by_one() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let (adapter, faulty) = Faulty::over(&shop.adapter, []);
    let options = RunnerOptions { wait: Duration::from_millis(1), ..pages_of(2) };
    let runner = Arc::new(Runner::new(adapter, CustomerTotals).with_options(options));
    let mut follower = Follower::of(Arc::clone(&runner));
    follower.reaches(1).await;
    for _ in 0..30 {
        shop.weather().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let end = follower.end().await.position;
    assert_eq!(end, runner.view().state().await.unwrap().unwrap().checkpoint.position);
    let applied = faulty.applied.load(Ordering::Relaxed);
    assert!(applied <= 4, "the order, the end, and one every few seconds; not {applied}");
}

#[tokio::test]
async fn a_follower_outlives_a_store_that_fails_for_a_while() {
    let shop = Shop::new();
    for id in 0..6 {
        shop.order(&id.to_string(), created("ada", 10)).await;
    }
    let script = [Fault::Before, Fault::None, Fault::After, Fault::Late];
    let (adapter, _) = Faulty::over(&shop.adapter, script);
    let runner = Arc::new(Runner::new(adapter, CustomerTotals).with_options(pages_of(1)));
    let mut follower = Follower::of(Arc::clone(&runner));
    // The page whose answer was lost is not worked through again.
    follower.reaches(4).await;
    assert_eq!(rows(&runner.view()).await, shop.folded(CustomerTotals).await);
    follower.end().await;
}

#[tokio::test]
async fn a_follower_asks_ever_more_seldom_while_the_store_fails() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let (adapter, _) = Faulty::over(&shop.adapter, [Fault::Before; 4]);
    let begun = std::time::Instant::now();
    let mut follower = Follower::of(Arc::new(Runner::new(adapter, CustomerTotals)));
    follower.reaches(1).await;
    follower.end().await;
    // Each pause is up to twice as long as the one before, 100 ms at first, and at least half of that.
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(50 * (1 + 2 + 4 + 8)), "{waited:?}");
}

#[tokio::test]
async fn a_follower_waits_for_another_one_and_takes_over() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let options = || RunnerOptions { lease: Duration::from_millis(90), ..RunnerOptions::default() };
    let runner = || Arc::new(Runner::new(shop.adapter.clone(), CustomerTotals).with_options(options()));
    let mut first = Follower::of(runner());
    first.reaches(1).await;
    let mut second = Follower::of(runner());
    // Longer than the lease: the first one renews it, so every event is still its own.
    for paid in 1..=5 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        shop.order("1", OrderEvent::Paid { amount: 1 }).await;
        first.reaches(1 + paid).await;
    }
    assert!(second.progress.try_recv().is_err(), "the second one only waits");
    first.end().await;
    shop.order("1", OrderEvent::Paid { amount: 1 }).await;
    second.reaches(1).await;
    assert_eq!(second.end().await.events, 1);
}

#[tokio::test]
async fn a_follower_that_never_had_its_turn_tells_where_the_view_stands() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let mut first = Follower::of(Arc::new(Runner::new(shop.adapter.clone(), CustomerTotals)));
    first.reaches(1).await;
    let second = Follower::of(Arc::new(Runner::new(shop.adapter.clone(), CustomerTotals)));
    let (second, first) = (second.end().await, first.end().await);
    assert_eq!((second.events, &second.position), (0, &first.position));
}

#[tokio::test]
async fn progress_is_told_page_by_page_and_at_the_end() {
    let shop = Shop::new();
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(pages_of(2));
    let mut told = Vec::new();
    runner.catch_up(|progress| told.push((progress.events, progress.at_end))).await.unwrap();
    assert_eq!(told, [(0, true)], "an empty store's end, too");
    for id in 0..5 {
        shop.order(&id.to_string(), created("ada", 10)).await;
    }
    told.clear();
    runner.catch_up(|progress| told.push((progress.events, progress.at_end))).await.unwrap();
    assert_eq!(told, [(2, false), (4, false), (5, true)]);
}

#[tokio::test]
async fn lag_tells_how_far_a_view_is_behind() {
    let shop = Shop::new();
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    let lag = runner.lag().await.unwrap();
    assert_eq!((lag.at_end, lag.behind, lag.view_recorded_at), (true, Duration::ZERO, None));
    shop.order("1", created("ada", 10)).await;
    let lag = runner.lag().await.unwrap();
    assert_eq!((lag.at_end, lag.view_recorded_at), (false, None));
    runner.catch_up(|_| {}).await.unwrap();
    for _ in 0..50 {
        shop.weather().await;
    }
    let lag = runner.lag().await.unwrap();
    assert_eq!((lag.at_end, lag.behind), (true, Duration::ZERO), "other categories are not its business");
    shop.order("1", OrderEvent::Paid { amount: 1 }).await;
    let lag = runner.lag().await.unwrap();
    assert!(!lag.at_end);
    assert_eq!(lag.behind, lag.feed_recorded_at.unwrap().since(lag.view_recorded_at.unwrap()));
}

#[tokio::test]
async fn a_list_of_runners_catches_up_and_is_rebuilt() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let runners: Vec<Box<dyn AnyRunner>> = vec![
        Box::new(Runner::new(shop.adapter.clone(), CustomerTotals)),
        Box::new(Runner::new(shop.adapter.clone(), CustomerFees)),
    ];
    assert_eq!(
        runners.iter().map(|runner| runner.name()).collect::<Vec<_>>(),
        ["customer_totals", "customer_fees"]
    );
    for runner in &runners {
        assert!(runner.state().await.unwrap().is_none());
        let mut pages = 0;
        assert_eq!(runner.catch_up(&mut |_| pages += 1).await.unwrap().events, 1);
        assert_eq!(runner.rebuild(&mut |_| pages += 1).await.unwrap().events, 1);
        let until = Box::pin(std::future::ready(()));
        assert_eq!(runner.follow(until, &mut |_| pages += 1).await.unwrap().events, 0);
        assert_eq!(pages, 2);
        assert_eq!(runner.state().await.unwrap().unwrap().view, *runner.view_id());
        assert!(runner.lag().await.unwrap().at_end);
    }
}
