//! Commands: on which state they are answered, what they cost, and who wins (laws C01 to C03).

use std::sync::Arc;

use annals_application::{ExecuteError, LoadError};
use annals_core::{EventId, EventType, InvalidStreamId, Json, Metadata, Version};
use annals_memory::MemoryStore;
use annals_ports::{Effect, InvalidCommit, NewEvent, StoreError};

use crate::account::{
    AccountEvent, Deposit, Deposits, Empty, EmptyOneByOne, Overdrawn, SetClock, Stamp, Withdraw, accounts,
    ada, balance, deposit, quick, second, uncached,
};
use crate::watched::{Fault, append, watch};

#[tokio::test]
async fn c01_a_command_on_a_cached_state_costs_one_commit_and_no_read() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    assert_eq!(watched.take_costs(), (1, 1));
    for _ in 0..3 {
        deposit(&accounts, 5).await;
        assert_eq!(watched.take_costs(), (1, 0));
    }
    assert_eq!(balance(&accounts).await, 20);
}

#[tokio::test]
async fn c01_clones_share_what_is_cached() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    watched.take_costs();
    deposit(&accounts.clone(), 5).await;
    assert_eq!(watched.take_costs(), (1, 0));
}

#[tokio::test]
async fn c01_a_refusal_on_a_cached_state_is_decided_again_on_the_delta() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 5).await;
    deposit(&elsewhere, 10).await;
    watched.take_costs();
    let done = here.execute(&ada(), &Withdraw(15), Metadata::new()).await.unwrap();
    assert_eq!((done.version.get(), done.state.balance), (3, 0));
    assert_eq!(watched.take_reads(), [1], "only the last event known and the delta are read");
}

#[tokio::test]
async fn c01_a_refusal_that_stands_is_answered_from_the_head() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 5).await;
    deposit(&elsewhere, 10).await;
    watched.take_costs();
    let error = here.execute(&ada(), &Withdraw(100), Metadata::new()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Rejected(Overdrawn { balance: 15, wanted: 100 })), "{error:?}");
    assert_eq!(error.to_string(), "100 wanted, 15 there");
    assert_eq!(watched.take_costs(), (0, 1));
}

#[tokio::test]
async fn c01_a_refusal_on_a_state_read_just_now_needs_no_second_look() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let error = uncached(&adapter).execute(&ada(), &Withdraw(1), Metadata::new()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Rejected(_)));
    assert_eq!(watched.take_costs(), (0, 1));
}

#[tokio::test]
async fn c01_an_empty_decision_on_a_cached_state_is_made_again_on_the_delta() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 5).await;
    here.execute(&ada(), &Empty, Metadata::new()).await.unwrap();
    deposit(&elsewhere, 7).await;
    watched.take_costs();
    let done = here.execute(&ada(), &Empty, Metadata::new()).await.unwrap();
    assert_eq!(done.events, [AccountEvent::Withdrawn { amount: 7 }]);
    assert_eq!(watched.take_reads(), [2]);
}

#[tokio::test]
async fn c01_events_that_cannot_be_committed_are_decided_again_on_the_delta() {
    let (adapter, _) = watch(&MemoryStore::new().adapter());
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 65).await;
    elsewhere.execute(&ada(), &Withdraw(1), Metadata::new()).await.unwrap();
    let done = here.execute(&ada(), &EmptyOneByOne, Metadata::new()).await.unwrap();
    assert_eq!(done.version, Version::new(2 + 64));
    deposit(&here, 65).await;
    let error = here.execute(&ada(), &EmptyOneByOne, Metadata::new()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Invalid(InvalidCommit::Limit(_))), "{error:?}");
}

#[tokio::test]
async fn c01_a_load_sees_what_others_committed_before_it() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 5).await;
    deposit(&elsewhere, 10).await;
    watched.take_costs();
    assert_eq!(balance(&here).await, 15);
    assert_eq!(watched.take_reads(), [1]);
    assert_eq!(balance(&here).await, 15);
    assert_eq!(watched.take_reads(), [2]);
}

#[tokio::test]
async fn c02_a_decision_without_events_writes_nothing() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let done = accounts(&adapter).execute(&ada(), &Empty, Metadata::new()).await.unwrap();
    assert!(done.is_unchanged() && !done.replayed());
    assert_eq!((done.version, done.events.len(), done.receipt), (Version::NONE, 0, None));
    assert_eq!(watched.take_commits(), []);
}

#[tokio::test]
async fn c03_a_conflict_is_answered_by_reading_the_delta_and_deciding_again() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    watched.take_costs();
    watched.hinder([Fault::Overtaken, Fault::Overtaken]);
    let done = accounts.execute(&ada(), &Empty, Metadata::new()).await.unwrap();
    assert_eq!(done.events, [AccountEvent::Withdrawn { amount: 7 }]);
    assert_eq!(watched.take_reads(), [1, 2]);
    let commits = watched.take_commits();
    assert_eq!(commits.len(), 3);
    assert_ne!(commits[0].id(), commits[1].id(), "another decision is another commit");
}

#[tokio::test]
async fn c03_a_conflict_that_turns_a_decision_into_a_refusal_is_a_refusal() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 5).await;
    elsewhere.execute(&ada(), &Withdraw(3), Metadata::new()).await.unwrap();
    watched.take_costs();
    let error = here.execute(&ada(), &Withdraw(5), Metadata::new()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Rejected(Overdrawn { balance: 2, wanted: 5 })), "{error:?}");
    assert_eq!(watched.take_costs(), (1, 1));
}

#[tokio::test]
async fn c03_after_so_many_conflicts_the_last_one_is_the_callers() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter).with_options(quick().retries(3));
    watched.hinder([Fault::Overtaken; 10]);
    let error = accounts.execute(&ada(), &Deposit(100), Metadata::new()).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(error.effect(), Effect::NotWritten);
    assert!(error.to_string().starts_with("gave up on account-ada after 4 attempts"), "{error}");
    let ExecuteError::Contended { stream, attempts, last } = error else { panic!("{error:?}") };
    assert_eq!((stream.as_str(), attempts), ("account-ada", 4));
    assert_eq!(last.actual.unwrap().version, Version::new(4));
    assert_eq!(watched.take_commits().len(), 4);
    assert_eq!(balance(&accounts).await, 4, "only the others' deposits are there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c03_no_update_of_many_racing_on_one_aggregate_is_lost() {
    let adapter = MemoryStore::new().adapter();
    let options = quick().retries(1_000);
    let shared = accounts(&adapter).with_options(options.clone());
    let mut tasks = Vec::new();
    for task in 0..24 {
        // Half of them share a cache, the others are as in processes of their own.
        let accounts =
            if task % 2 == 0 { shared.clone() } else { accounts(&adapter).with_options(options.clone()) };
        tasks.push(tokio::spawn(async move {
            for _ in 0..10 {
                deposit(&accounts, 3).await;
                accounts.execute(&ada(), &Withdraw(1), Metadata::new()).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let account = uncached(&adapter).load(&ada()).await.unwrap();
    assert_eq!((account.version().get(), account.state.balance), (480, 480));
    assert_eq!(account, shared.load(&ada()).await.unwrap());
}

#[tokio::test]
async fn a_decision_knows_the_clock_and_the_metadata_which_are_recorded_with_it() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter).with_options(quick().clock(SetClock::at(90)));
    let done = accounts.execute(&ada(), &Stamp, Metadata::correlated("r-1").by("bob")).await.unwrap();
    assert_eq!(done.events, [AccountEvent::Stamped { at: second(90), by: Some("bob".to_owned()) }]);
    let history = accounts.history(&ada()).await.unwrap();
    assert_eq!(history[0].header.metadata().unwrap().correlation_id(), Some("r-1"));
}

#[tokio::test]
async fn an_id_that_makes_no_stream_is_refused_before_anything_is_read() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    let id = "a b".to_owned();
    let error = accounts.execute(&id, &Deposit(1), Metadata::new()).await.unwrap_err();
    assert!(
        matches!(error, ExecuteError::Stream(InvalidStreamId::IdCharacter { found: ' ', .. })),
        "{error:?}"
    );
    assert!(matches!(accounts.load(&id).await, Err(LoadError::Stream(_))));
    assert_eq!(watched.take_costs(), (0, 0));
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_is_an_error_that_names_it() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    let event = NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Renamed").unwrap(),
        schema_version: 1,
        payload: Json::empty(),
        metadata: Json::empty(),
    };
    append(adapter.events.as_ref(), &accounts.stream_of(&ada()).unwrap(), event).await;
    watched.take_costs();
    // A cached state that can no longer be brought up to the head is not tried a second time.
    for costs in [(1, 1), (0, 1)] {
        let error = accounts.execute(&ada(), &Deposit(1), Metadata::new()).await.unwrap_err();
        let ExecuteError::Load(LoadError::Decode(error)) = error else { panic!("{error:?}") };
        assert_eq!((error.stream.as_str(), error.version.get()), ("account-ada", 2));
        assert_eq!(watched.take_costs(), costs);
    }
}

#[tokio::test]
async fn a_hole_in_what_the_store_hands_back_is_damage_and_no_state() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    uncached(&adapter).execute(&ada(), &Deposits(vec![1, 2, 3]), Metadata::new()).await.unwrap();
    watched.hide(2);
    let error = uncached(&adapter).load(&ada()).await.unwrap_err();
    assert!(matches!(&error, LoadError::Store(StoreError::Damaged { .. })), "{error:?}");
    assert!(error.to_string().contains("version 2 should follow, 3 does"), "{error}");
}

#[tokio::test]
async fn a_history_replaced_beneath_the_cache_is_read_again() {
    let before = MemoryStore::new().adapter();
    // As long as what was cached, longer, and shorter.
    for deposits in [vec![7, 7], vec![7, 7, 7], vec![7]] {
        let (adapter, watched) = watch(&before);
        let accounts = accounts(&adapter);
        accounts.load(&ada()).await.unwrap();
        if accounts.load(&ada()).await.unwrap().version() == Version::NONE {
            accounts.execute(&ada(), &Deposits(vec![1, 1]), Metadata::new()).await.unwrap();
        }
        let restored = MemoryStore::new().adapter();
        let sum: u64 = deposits.iter().sum();
        uncached(&restored).execute(&ada(), &Deposits(deposits), Metadata::new()).await.unwrap();
        watched.restore(&restored);
        let done = accounts.execute(&ada(), &Deposit(100), Metadata::new()).await.unwrap();
        assert_eq!(done.state.balance, sum + 100);
        assert_eq!(balance(&uncached(&restored)).await, sum + 100);
    }
}

#[tokio::test]
async fn c01_a_load_from_the_cache_notices_that_history_was_replaced() {
    for deposits in [vec![7, 7], vec![7]] {
        let (adapter, watched) = watch(&MemoryStore::new().adapter());
        let accounts = accounts(&adapter);
        accounts.execute(&ada(), &Deposits(vec![1, 1]), Metadata::new()).await.unwrap();
        let restored = MemoryStore::new().adapter();
        let sum: u64 = deposits.iter().sum();
        uncached(&restored).execute(&ada(), &Deposits(deposits), Metadata::new()).await.unwrap();
        watched.restore(&restored);
        assert_eq!(balance(&accounts).await, sum, "no event beyond the cached state tells it");
    }
}

#[test]
fn futures_can_be_spawned() {
    fn is_send<T: Send>(_: &T) {}
    let accounts = Arc::new(accounts(&MemoryStore::new().adapter()));
    let id = ada();
    is_send(&accounts.execute(&id, &Empty, Metadata::new()));
    is_send(&accounts.load(&id));
    is_send(&accounts.history(&id));
}
