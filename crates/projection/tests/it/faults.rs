//! V01 and E03: failures before and after the effect, lost answers, and events that nobody can read.

use annals_core::{Json, Recorded};
use annals_ports::{IndexValues, Lease, StoreError, ViewBatch, ViewError};
use annals_projection::{Keys, Projection, ProjectionError, Runner, ViewReadError};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::faulty::{Fault, Faulty};
use crate::sales::CustomerTotals;
use crate::shop::{Shop, block_on, created, histories, pages_of, refunded, rows};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v01_whatever_apply_fails_at_every_event_counts_once(
        history in histories(),
        page_size in 1..5_usize,
        script in prop::collection::vec(
            prop::sample::select(vec![Fault::None, Fault::Before, Fault::After, Fault::Late]), 0..12),
    ) {
        block_on(async {
            let shop = Shop::with(&history).await;
            let expected = shop.folded(CustomerTotals).await;
            let (adapter, _) = Faulty::over(&shop.adapter, script.iter().copied());
            let runner = Runner::new(adapter, CustomerTotals).with_options(pages_of(page_size));
            let mut tries = 0;
            while let Err(error) = runner.catch_up(|_| {}).await {
                assert!(error.is_transient(), "{error}");
                tries += 1;
                assert!(tries <= 2 * script.len(), "every failure was in the script");
            }
            assert_eq!(rows(&runner.view()).await, expected);
        });
    }
}

#[tokio::test]
async fn v01_after_a_lost_answer_the_next_call_goes_on_from_where_the_view_stands() {
    let shop = Shop::new();
    for id in ["1", "2", "3"] {
        shop.order(id, created("ada", 10)).await;
    }
    let (adapter, _) = Faulty::over(&shop.adapter, [Fault::None, Fault::After]);
    let runner = Runner::new(adapter, CustomerTotals).with_options(pages_of(1));
    let error = runner.catch_up(|_| {}).await.unwrap_err();
    assert!(
        matches!(error, ProjectionError::View(ViewError::Store(StoreError::Unavailable { .. }))),
        "{error}"
    );
    assert_eq!(runner.catch_up(|_| {}).await.unwrap().events, 1);
    assert_eq!(runner.view().get(&"ada".to_owned()).await.unwrap().unwrap().orders, 3);
}

#[tokio::test]
async fn v01_a_checkpoint_that_moved_underneath_is_an_error_and_then_taken_up() {
    let shop = Shop::new();
    for id in ["1", "2"] {
        shop.order(id, created("ada", 10)).await;
    }
    let (adapter, faulty) = Faulty::over(&shop.adapter, [Fault::Hang]);
    let runner = Runner::new(adapter, CustomerTotals).with_options(pages_of(1));
    let move_it = async {
        faulty.hanging.notified().await;
        // Another runner under the same owner's name has the same lease: only the checkpoint keeps them apart.
        let owner = runner.options().owner.clone();
        let options = annals_projection::RunnerOptions { owner, ..pages_of(1) };
        let mut twin = shop.adapter.clone();
        twin.leases = std::sync::Arc::new(KeepsLeases(twin.leases));
        Runner::new(twin, CustomerTotals).with_options(options).catch_up(|_| {}).await.unwrap();
        faulty.go_on.notify_one();
    };
    let (result, ()) = tokio::join!(runner.catch_up(|_| {}), move_it);
    let error = result.unwrap_err();
    assert!(matches!(error, ProjectionError::View(ViewError::CheckpointMoved { .. })), "{error}");
    assert_eq!(runner.catch_up(|_| {}).await.unwrap().events, 0);
    assert_eq!(runner.view().get(&"ada".to_owned()).await.unwrap().unwrap().orders, 2);
}

/// Leases that are never given back.
struct KeepsLeases(std::sync::Arc<dyn annals_ports::Leases>);

#[async_trait::async_trait]
impl annals_ports::Leases for KeepsLeases {
    async fn acquire(
        &self,
        name: &str,
        owner: &str,
        time_to_live: std::time::Duration,
    ) -> Result<annals_ports::Acquired, StoreError> {
        self.0.acquire(name, owner, time_to_live).await
    }

    async fn renew(
        &self,
        lease: &Lease,
        time_to_live: std::time::Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.0.renew(lease, time_to_live).await
    }

    async fn release(&self, _: &Lease) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn e03_an_event_that_nobody_can_read_stops_the_view_and_is_named() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    shop.strange("order-1", "OrderTeleported").await;
    shop.order("1", created("ada", 10)).await;
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(pages_of(1));
    for _ in 0..2 {
        let error = runner.catch_up(|_| {}).await.unwrap_err();
        let ProjectionError::Decode(decode) = &error else { panic!("{error}") };
        assert_eq!((decode.stream.as_str(), decode.version.get()), ("order-1", 2));
        assert!(!error.is_transient());
    }
    assert_eq!(
        runner.view().get(&"ada".to_owned()).await.unwrap().unwrap().orders,
        1,
        "what came before stays"
    );
    let error = runner.follow(std::future::pending(), |_| {}).await.unwrap_err();
    assert!(matches!(error, ProjectionError::Decode(_)), "{error}");
}

#[tokio::test]
async fn a_retired_event_and_other_categories_do_nothing() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    shop.strange("order-1", "OrderPrinted").await;
    shop.strange("parcel-1", "ParcelTeleported").await;
    let caught_up = Runner::new(shop.adapter.clone(), CustomerTotals).catch_up(|_| {}).await.unwrap();
    assert_eq!((caught_up.events, caught_up.rows_changed), (2, 1));
}

/// Rows, keys and index values that no store can hold, by the amount of an order.
struct Broken;

#[derive(Serialize, Deserialize)]
struct BrokenRow {
    share: f64,
    text: String,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct BrokenKey(String);

impl std::fmt::Display for BrokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0 == "two-faced" { "other" } else { &self.0 })
    }
}

impl std::str::FromStr for BrokenKey {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Projection for Broken {
    const NAME: &'static str = "broken";
    const VERSION: u32 = 1;
    type Event = crate::sales::OrderEvent;
    type Key = BrokenKey;
    type Row = BrokenRow;

    fn keys(&self, event: &Recorded<Self::Event>) -> Keys<BrokenKey> {
        match &event.event {
            crate::sales::OrderEvent::Created { customer, .. } => Keys::one(BrokenKey(customer.clone())),
            _ => Keys::none(),
        }
    }

    fn apply(&self, key: &BrokenKey, _: Option<BrokenRow>, _: &Recorded<Self::Event>) -> Option<BrokenRow> {
        let share = if key.0 == "nan" { f64::NAN } else { 0.5 };
        let text = if key.0 == "huge" { "x".repeat(300_000) } else { String::new() };
        Some(BrokenRow { share, text })
    }

    fn index(&self, key: &BrokenKey, _: &BrokenRow) -> IndexValues {
        if key.0 == "indexed" { IndexValues::none().with("nowhere", ["x"]) } else { IndexValues::none() }
    }
}

#[tokio::test]
async fn what_no_store_can_hold_is_refused_and_named() {
    for (customer, message) in [
        ("nan", "row \"nan\" of broken v1 cannot be kept: share: NaN is not a JSON number"),
        ("huge", "broken v1: row \"huge\": row size is 300023 bytes, allowed are 0 to 262144"),
        (
            "indexed",
            "row \"indexed\" of broken v1 has a value in index \"nowhere\", declared are []; add it to INDEXES",
        ),
        (
            "two-faced",
            "the text \"other\" of a key of broken v1 does not read back as that key; mend its Display or FromStr",
        ),
        ("", "broken v1: row \"\": row key is 0 bytes, allowed are 1 to 512"),
    ] {
        let shop = Shop::new();
        shop.order("1", created(customer, 1)).await;
        let runner = Runner::new(shop.adapter.clone(), Broken);
        let error = runner.catch_up(|_| {}).await.unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(!error.is_transient());
        assert!(runner.view().state().await.unwrap().is_none(), "nothing was written");
    }
}

#[tokio::test]
async fn rows_of_another_shape_are_named_when_they_are_read() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    let caught_up = runner.catch_up(|_| {}).await.unwrap();
    let lease =
        match shop.adapter.leases.acquire("any", "me", std::time::Duration::from_secs(9)).await.unwrap() {
            annals_ports::Acquired::Granted(lease) => lease,
            held @ annals_ports::Acquired::Held { .. } => panic!("{held:?}"),
        };
    let state = runner.view().state().await.unwrap().unwrap();
    let change = annals_ports::RowChange::put("ada".to_owned(), Json::empty(), IndexValues::none()).unwrap();
    let batch = ViewBatch {
        view: state.view,
        lease,
        from: Some(caught_up.position),
        changes: vec![change],
        routes: vec![],
        park: vec![],
        unpark: vec![],
        checkpoint: state.checkpoint,
    };
    shop.adapter.views.apply(batch).await.unwrap();
    let error = runner.view().get(&"ada".to_owned()).await.unwrap_err();
    assert!(matches!(&error, ViewReadError::RowDecode { key, .. } if key == "ada"), "{error}");
    shop.payment("1", refunded("1", 1)).await;
    let error = runner.catch_up(|_| {}).await.unwrap_err();
    assert!(matches!(&error, ProjectionError::Read(ViewReadError::RowDecode { .. })), "{error}");
}

#[test]
fn the_runner_may_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let shop = Shop::new();
    let runner = Runner::new(shop.adapter, CustomerTotals);
    is_send(runner.catch_up(|_| {}));
    is_send(runner.follow(std::future::pending(), |_| {}));
}
