//! Commits whose answer does not come: the same value is committed again until its fate is known (law A06).

use annals_application::ExecuteError;
use annals_core::Metadata;
use annals_memory::MemoryStore;
use annals_ports::{CommitError, Effect};

use crate::account::{AccountEvent, Deposit, Empty, accounts, ada, balance, deposit, quick, uncached};
use crate::watched::{Fault, watch};

#[tokio::test]
async fn a06_a_lost_answer_leaves_one_effect() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    watched.hinder([Fault::AnswerLost]);
    let done = accounts.execute(&ada(), &Deposit(5), Metadata::new()).await.unwrap();
    assert!(done.replayed());
    assert_eq!((done.version.get(), done.state.balance), (1, 5));
    let commits = watched.take_commits();
    assert_eq!(commits.len(), 2);
    assert_eq!(commits[0], commits[1], "the same value to the last event id");
    assert_eq!(balance(&uncached(&adapter)).await, 5);
    deposit(&accounts, 5).await;
    assert_eq!(balance(&uncached(&adapter)).await, 10, "the state that was cached is the stream's");
}

#[tokio::test]
async fn a06_a_lost_request_is_written_by_the_next_attempt() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    watched.hinder([Fault::RequestLost, Fault::Away]);
    let done = accounts(&adapter).execute(&ada(), &Deposit(5), Metadata::new()).await.unwrap();
    assert!(!done.replayed());
    let commits = watched.take_commits();
    assert_eq!(commits.len(), 3);
    assert!(commits.iter().all(|commit| commit == &commits[0]));
    assert_eq!(balance(&uncached(&adapter)).await, 5);
}

#[tokio::test]
async fn a06_nothing_is_decided_again_before_the_fate_of_the_last_commit_is_known() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 5).await;
    watched.take_commits();
    watched.hinder([Fault::RequestLost, Fault::Overtaken]);
    let done = accounts.execute(&ada(), &Empty, Metadata::new()).await.unwrap();
    assert_eq!(done.events, [AccountEvent::Withdrawn { amount: 6 }]);
    let commits = watched.take_commits();
    assert_eq!(commits[0], commits[1]);
    assert_ne!(commits[1].id(), commits[2].id());
    assert_eq!(balance(&uncached(&adapter)).await, 0);
}

#[tokio::test]
async fn a06_what_may_be_written_stays_unknown_whatever_later_attempts_say() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = uncached(&adapter).with_options(quick().retries(2).cache_capacity(0));
    for last in [Fault::Away, Fault::ReadOnly, Fault::Skewed] {
        watched.hinder([Fault::AnswerLost, Fault::Away, last]);
        let error = accounts.execute(&ada(), &Deposit(5), Metadata::new()).await.unwrap_err();
        assert_eq!(error.effect(), Effect::Unknown, "{error}");
        assert_eq!(watched.take_commits().len(), 3);
    }
}

#[tokio::test]
async fn a06_attempts_are_bounded_and_the_failure_is_the_callers() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter).with_options(quick().retries(2));
    watched.hinder([Fault::Away; 3]);
    let error = accounts.execute(&ada(), &Deposit(5), Metadata::new()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Commit(CommitError::Store { .. })), "{error:?}");
    assert!(error.is_transient());
    assert_eq!(error.effect(), Effect::NotWritten);
    assert!(error.to_string().contains("account-ada"), "{error}");
    assert_eq!(watched.take_commits().len(), 3);
    deposit(&accounts, 5).await;
    assert_eq!(balance(&accounts).await, 5, "the same call works once the store is back");
}

#[tokio::test]
async fn a06_a_failure_that_will_not_pass_is_not_tried_again() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    watched.hinder([Fault::ReadOnly]);
    let error = accounts(&adapter).execute(&ada(), &Deposit(5), Metadata::new()).await.unwrap_err();
    assert!(!error.is_transient());
    assert_eq!(watched.take_commits().len(), 1);
}
