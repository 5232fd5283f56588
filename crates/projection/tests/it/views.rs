//! Reading views: by key, by keys, by index, in pages (V03); and versions side by side (V04).

use annals_core::Recorded;
use annals_ports::{IndexValue, RowQuery, ViewId};
use annals_projection::{Keys, Projection, ProjectionError, Runner, View, ViewReadError};

use crate::sales::{CustomerTotals, Sales, Totals};
use crate::shop::{Shop, created};

async fn shop_of_seven() -> (Shop, View<CustomerTotals>) {
    let shop = Shop::new();
    for id in 0..7_i64 {
        shop.order(&id.to_string(), created(&format!("customer-{id}"), 100 - 10 * (id / 2))).await;
    }
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    runner.catch_up(|_| {}).await.unwrap();
    let view = runner.view();
    (shop, view)
}

#[tokio::test]
async fn v03_rows_are_read_by_key_and_by_keys() {
    let (_, view) = shop_of_seven().await;
    let keys = ["customer-3", "nobody", "customer-0"].map(str::to_owned);
    let spent: Vec<_> =
        view.get_many(&keys).await.unwrap().into_iter().map(|row| row.map(|row| row.spent)).collect();
    assert_eq!(spent, [Some(90), None, Some(100)]);
    assert_eq!(view.get(&keys[1]).await.unwrap(), None);
    assert_eq!(view.state().await.unwrap().unwrap().rows, 7);
}

#[tokio::test]
async fn v03_pages_give_every_row_once_by_key_and_by_index() {
    let (_, view) = shop_of_seven().await;
    let keys = |rows: Vec<(String, Totals)>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let by_key: Vec<_> = (0..7).map(|id| format!("customer-{id}")).collect();
    for limit in [1, 2, 3, 100] {
        assert_eq!(keys(view.all(RowQuery::all().limit(limit)).await.unwrap()), by_key);
        let by_index = view.all(RowQuery::index("spent", IndexValue::default()).limit(limit)).await.unwrap();
        assert!(by_index.is_sorted_by_key(|(key, row)| (row.spent, key.clone())) && by_index.len() == 7);
    }
    let query = RowQuery::index("spent", IndexValue::of(["00000090"])).limit(1).backward();
    let first = view.page(&query).await.unwrap();
    assert_eq!(keys(first.rows), ["customer-3"]);
    let second = view.page(&query.clone().after(first.next.unwrap())).await.unwrap();
    assert_eq!((keys(second.rows), second.next), (vec!["customer-2".to_owned()], None));
}

#[tokio::test]
async fn an_index_that_is_not_declared_is_named() {
    let (_, view) = shop_of_seven().await;
    let error = view.page(&RowQuery::index("name", IndexValue::default())).await.unwrap_err();
    assert!(matches!(&error, ViewReadError::UndeclaredIndex { index, .. } if index == "name"), "{error}");
}

/// The next version of the same view.
struct NextTotals;

impl Projection for NextTotals {
    const NAME: &'static str = CustomerTotals::NAME;
    const VERSION: u32 = CustomerTotals::VERSION + 1;
    type Event = Sales;
    type Key = String;
    type Row = Totals;

    fn keys(&self, event: &Recorded<Sales>) -> Keys<String> {
        CustomerTotals.keys(event)
    }

    fn apply(&self, key: &String, row: Option<Totals>, event: &Recorded<Sales>) -> Option<Totals> {
        CustomerTotals.apply(key, row, event)
    }
}

#[tokio::test]
async fn v04_a_new_version_is_built_beside_the_old_one_which_is_then_dropped() {
    let (shop, old) = shop_of_seven().await;
    let next = Runner::new(shop.adapter.clone(), NextTotals);
    let error = next.drop_older().await.unwrap_err();
    assert!(matches!(error, ProjectionError::Behind { .. }), "{error}");
    next.catch_up(|_| {}).await.unwrap();
    let key = "customer-1".to_owned();
    assert_eq!(old.get(&key).await.unwrap(), next.view().get(&key).await.unwrap());
    assert_eq!(next.drop_older().await.unwrap(), [ViewId::new("customer_totals", 2)]);
    assert!(old.state().await.unwrap().is_none() && next.view().get(&key).await.unwrap().is_some());
}
