//! State through time: at versions, at instants, and what changed in between.

use annals_application::{AsOf, LoadError};
use annals_core::{EventId, EventType, Json, Metadata, Version};
use annals_memory::MemoryStore;
use annals_ports::NewEvent;

use crate::account::{
    AccountEvent, Deposit, Deposits, SetClock, Withdraw, accounts, ada, deposit, second, uncached,
};
use crate::watched::{append, watch};

#[tokio::test]
async fn a_state_is_found_at_each_of_its_versions_whatever_is_cached() {
    let adapter = MemoryStore::new().adapter();
    let (cold, hot) = (uncached(&adapter), accounts(&adapter));
    for amount in 1..=6 {
        deposit(&cold, amount).await;
        if amount == 3 {
            hot.load(&ada()).await.unwrap();
        }
    }
    for version in 0..=6 {
        let then = cold.load_at(&ada(), AsOf::version(version)).await.unwrap();
        assert_eq!(then.version().get(), version);
        assert_eq!(then.state.balance, (1..=version).sum::<u64>());
        assert_eq!(then, hot.load_at(&ada(), AsOf::version(version)).await.unwrap());
    }
    assert_eq!(hot.load_at(&ada(), AsOf::Latest).await.unwrap(), cold.load(&ada()).await.unwrap());
}

#[tokio::test]
async fn a_version_beyond_the_head_is_an_error_that_names_both() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    let never = accounts.load_at(&ada(), AsOf::version(1)).await.unwrap_err();
    assert!(matches!(never, LoadError::NoSuchVersion { head: Version::NONE, .. }), "{never:?}");
    deposit(&accounts, 5).await;
    let error = accounts.load_at(&ada(), AsOf::version(3)).await.unwrap_err();
    assert_eq!(error.to_string(), "account-ada has no version 3: its head is version 1");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_version_that_is_cached_is_not_read() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    watched.take_reads();
    accounts.load_at(&ada(), AsOf::version(1)).await.unwrap();
    accounts.load_at(&ada(), AsOf::version(0)).await.unwrap();
    assert!(watched.take_reads().is_empty());
}

#[tokio::test]
async fn an_instant_shows_all_that_was_recorded_up_to_it() {
    let clock = SetClock::at(10);
    let adapter = MemoryStore::with_clock(clock.clone()).adapter();
    let (cold, hot) = (uncached(&adapter), accounts(&adapter));
    deposit(&cold, 1).await;
    hot.load(&ada()).await.unwrap();
    clock.set(20);
    // Three events with one stamp.
    cold.execute(&ada(), &Deposits(vec![2, 4]), Metadata::new()).await.unwrap();
    deposit(&cold, 8).await;
    // A clock that steps back leaves no stamp behind its predecessor's.
    clock.set(15);
    deposit(&cold, 16).await;
    clock.set(30);
    deposit(&cold, 32).await;
    for (at, version, balance) in
        [(9, 0, 0), (10, 1, 1), (19, 1, 1), (20, 5, 31), (29, 5, 31), (30, 6, 63), (99, 6, 63)]
    {
        for accounts in [&cold, &hot] {
            let then = accounts.load_at(&ada(), AsOf::time(second(at))).await.unwrap();
            assert_eq!((then.version().get(), then.state.balance), (version, balance), "at second {at}");
        }
    }
}

#[tokio::test]
async fn a_history_tells_what_each_event_changed() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    let frozen = NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Frozen").unwrap(),
        schema_version: 1,
        payload: Json::empty(),
        metadata: Json::empty(),
    };
    append(adapter.events.as_ref(), &accounts.stream_of(&ada()).unwrap(), frozen).await;
    accounts.execute(&ada(), &Withdraw(2), Metadata::new()).await.unwrap();

    let history = accounts.history(&ada()).await.unwrap();
    let told: Vec<Vec<String>> =
        history.iter().map(|change| change.differences.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(
        told,
        [vec!["balance: 0 → 5", "moves[0]: added 5"], vec![], vec!["balance: 5 → 3", "moves[1]: added -2"]]
    );
    let events: Vec<_> = history.iter().map(|change| change.event.clone()).collect();
    let retired = None;
    assert_eq!(
        events,
        [Some(AccountEvent::Deposited { amount: 5 }), retired, Some(AccountEvent::Withdrawn { amount: 2 })]
    );
    assert_eq!(history[2].header.version, Version::new(3));
    assert!(accounts.history(&"nobody".into()).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_moments_are_compared_in_either_direction() {
    let clock = SetClock::at(10);
    let adapter = MemoryStore::with_clock(clock.clone()).adapter();
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    clock.set(20);
    accounts.execute(&ada(), &Deposit(1), Metadata::new()).await.unwrap();
    let (then, now) = (AsOf::time(second(10)), AsOf::Latest);
    let found = accounts.difference(&ada(), then, now).await.unwrap();
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["balance: 5 → 6", "moves[1]: added 1"]);
    let back = accounts.difference(&ada(), now, AsOf::version(1)).await.unwrap();
    let told: Vec<_> = back.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["balance: 6 → 5", "moves[1]: removed 1"]);
    assert!(accounts.difference(&ada(), now, now).await.unwrap().is_empty());
}
