//! The histories that are measured on: accounts long and short for what should not depend on the domain, and the demo's
//! day of business for what should look like one.
//!
//! Accounts come in blocks of 10,000 events: 5 of 1,000 events each, and 500 of 10, all of them written side by side, so
//! that a large store is the same block many times over.

use annals::ports::{Append, Commit, Expectation, FeedPosition, NewEvent};
use annals::{CommitId, EventId, Metadata, Store, StreamId};
use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _};
use ordermaster::app::OrderMaster;
use ordermaster::generate::{self, Business};
use ordermaster::stop::Stop;
use ordermaster_domain::{AccountEvent, AccountId, Currency, DepositMethod, Money, Owner};
use rust_decimal::Decimal;

use crate::bench::{Bench, Outcome};
use crate::stores::Risk;

/// Events of a block.
pub(crate) const BLOCK: u64 = 10_000;
/// Long accounts of a block, 1,000 events each.
pub(crate) const LONG: u64 = 5;
/// Commits of a block; each holds 5 events of each long account and 2 or 3 short accounts whole.
const COMMITS: u64 = 200;
/// Commits in flight at once.
const AT_ONCE: u64 = 50;
/// The most events of an account that are committed together.
const EVENTS_AT_ONCE: usize = 50;

/// The demo's business, as big as the run is thorough.
pub(crate) struct Mix {
    /// The store.
    pub(crate) store: Store,
    /// How many orders.
    pub(crate) orders: u64,
    /// How many events.
    pub(crate) events: u64,
}

/// Generates the demo's business in the store of this name.
pub(crate) async fn mix(bench: &Bench, name: &str) -> Outcome<Mix> {
    let store = bench.open(name, Risk::Everything).await?;
    let business = Business { seed: 2026, orders: bench.size(90_000, 3_000), days: 7 };
    println!("generating the demo's business with {} orders", business.orders);
    let shop = OrderMaster::over(store.clone());
    let report = generate::run(&shop, business, &Stop::new(), &mut |_, _| {}).await?;
    bench.settle(name)?;
    Ok(Mix { store, orders: report.orders, events: report.events })
}

/// Fills a store with blocks of accounts; gives the position before each block.
pub(crate) async fn fill(store: &Store, blocks: u64) -> Outcome<Vec<FeedPosition>> {
    let adapter = store.adapter();
    let mut positions = vec![FeedPosition::beginning(adapter.store)];
    for block in 0..blocks {
        let mut last = None;
        for first in (0..COMMITS).step_by(usize::try_from(AT_ONCE)?) {
            let commits: Vec<_> =
                (first..first + AT_ONCE).map(|number| commit_of(block, number)).collect::<Outcome<_>>()?;
            // They are handed in, and so recorded, in this order.
            for receipt in join_all(commits.into_iter().map(|commit| adapter.events.commit(commit))).await {
                last = Some(receipt?);
            }
        }
        if let Some(receipt) = last {
            let position = adapter.feed.locate(&receipt).await?;
            positions.push(position.ok_or("a commit that was answered is not in the feed")?);
        }
    }
    // After the last block nothing begins.
    positions.truncate(usize::try_from(blocks)?);
    Ok(positions)
}

/// Makes so many accounts of so many events each, so many of them at once, and nothing else; gives their ids.
pub(crate) async fn accounts(
    store: &Store,
    count: u64,
    events: u64,
    at_once: usize,
) -> Outcome<Vec<AccountId>> {
    let ids: Vec<_> =
        (0..count).map(|number| Ok(AccountId::new(&format!("a{number:06}"))?)).collect::<Outcome<_>>()?;
    let making = ids.iter().enumerate().map(|(number, id)| async move {
        for first in (0..events).step_by(EVENTS_AT_ONCE) {
            let last = events.min(first + EVENTS_AT_ONCE as u64);
            let events = (first..last).map(|place| event(number as u64, place)).collect::<Outcome<_>>()?;
            let append = Append::new(stream(id)?, Expectation::Any, events);
            store.adapter().events.commit(Commit::new(CommitId::new(), vec![append])?).await?;
        }
        Outcome::Ok(())
    });
    futures::stream::iter(making).buffer_unordered(at_once).try_collect::<()>().await?;
    Ok(ids)
}

/// The id of a long account.
pub(crate) fn long(block: u64, number: u64) -> Outcome<AccountId> {
    Ok(AccountId::new(&format!("b{block:06}-long-{number}"))?)
}

/// The stream of an account.
pub(crate) fn stream(account: &AccountId) -> Outcome<StreamId> {
    Ok(StreamId::new("account", account.as_str())?)
}

/// A commit of one event to a new account.
pub(crate) fn opening() -> Outcome<Commit> {
    let account = StreamId::new("account", &EventId::new().to_string())?;
    let append = Append::new(account, Expectation::NoStream, vec![encode(&opened(0)?, 0)?]);
    Ok(Commit::new(CommitId::new(), vec![append])?)
}

fn commit_of(block: u64, number: u64) -> Outcome<Commit> {
    let mut appends = Vec::new();
    for account in 0..LONG {
        let events = (number * 5..number * 5 + 5).map(|place| event(block, place)).collect::<Outcome<_>>()?;
        appends.push(Append::new(stream(&long(block, account)?)?, Expectation::Any, events));
    }
    for account in number * 5 / 2..(number + 1) * 5 / 2 {
        let events = (0..10).map(|place| event(account, place)).collect::<Outcome<_>>()?;
        let id = AccountId::new(&format!("b{block:06}-{account:03}"))?;
        appends.push(Append::new(stream(&id)?, Expectation::NoStream, events));
    }
    Ok(Commit::new(CommitId::new(), appends)?)
}

/// The event at this place of an account, with metadata of its own.
fn event(account: u64, place: u64) -> Outcome<NewEvent> {
    let event = if place == 0 {
        opened(account)?
    } else if place.is_multiple_of(3) {
        AccountEvent::Withdrawn { amount: pounds(100 + place % 50)? }
    } else {
        AccountEvent::Deposited { amount: pounds(1_000 + place * 7)?, method: DepositMethod::Card }
    };
    encode(&event, account * 1_000 + place)
}

fn opened(account: u64) -> Outcome<AccountEvent> {
    Ok(AccountEvent::Opened { owner: Owner::new("Ada")?, opening_balance: pounds(100_000 + account)? })
}

/// A sum of money.
pub(crate) fn pounds(pence: u64) -> Outcome<Money> {
    Ok(Money::new(Decimal::new(i64::try_from(pence)?, 2), Currency::GBP)?)
}

fn encode(event: &AccountEvent, request: u64) -> Outcome<NewEvent> {
    let metadata = Metadata::correlated(format!("request-{request:010}")).by("teller-7");
    Ok(NewEvent::encode(event, &metadata)?)
}

#[cfg(test)]
mod tests {
    use annals::ports::EventFeedExt;
    use annals::ports::FeedQuery;
    use ordermaster_domain::Account;

    use super::{BLOCK, fill, long};

    #[test]
    fn a_store_is_the_same_block_many_times_over() {
        annals::block_on(async {
            let store = annals::connect("memory:").await.unwrap();
            let positions = fill(&store, 2).await.unwrap();
            assert_eq!(positions.len(), 2);
            let feed = &store.adapter().feed;
            let (second, _) = feed.read_to_end(&FeedQuery::all(), positions[1].clone()).await.unwrap();
            assert_eq!(second.len() as u64, BLOCK);
            assert!(second.iter().all(|event| event.header.stream.id().starts_with("b000001-")));
            let account = store.repository::<Account>().load(&long(1, 4).unwrap()).await.unwrap();
            assert_eq!(account.version().get(), 1_000);
        });
    }
}
