//! The order to which most happened: the one worth a closer look.

use std::collections::HashMap;
use std::time::Duration;

use annals::ports::{FeedQuery, FeedStart, StoreError};
use annals::{Aggregate, Category};
use ordermaster_domain::{Order, OrderId};

use crate::app::OrderMaster;

/// The order with the most events, the first one by name of several; none in a store without orders.
///
/// # Errors
/// When the store fails.
pub async fn liveliest_order(shop: &OrderMaster) -> Result<Option<OrderId>, StoreError> {
    let feed = &shop.store().adapter().feed;
    let query = FeedQuery::categories(Category::new(Order::CATEGORY).into_iter().collect());
    let mut position = feed.start(FeedStart::Beginning).await?;
    let mut heads = HashMap::new();
    loop {
        let page = feed.next(&query, &position, Duration::ZERO).await?;
        for event in page.events {
            heads.insert(event.header.stream, event.header.version);
        }
        position = page.next;
        if page.at_end {
            break;
        }
    }
    let liveliest =
        heads.into_iter().max_by(|(left, most), (right, more)| most.cmp(more).then(right.cmp(left)));
    Ok(liveliest.and_then(|(stream, _)| stream.id().parse().ok()))
}
