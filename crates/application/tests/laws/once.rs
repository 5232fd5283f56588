//! Commands with a key of their own: one outcome each, accepted or refused, however often they arrive (law A12).

use annals_application::{ExecuteError, Executed, OnceOutcome};
use annals_core::{CommitId, Metadata, Version};
use annals_memory::MemoryStore;
use annals_ports::{CommitError, Effect, Outcome};

use crate::account::{
    Account, AccountCommand, AccountEvent, Deposit, Empty, Withdraw, accounts, ada, balance, deposit,
    uncached,
};
use crate::watched::{Fault, watch};

fn accepted(outcome: OnceOutcome<Account>) -> Executed<Account> {
    match outcome {
        OnceOutcome::Accepted(executed) => executed,
        refused @ OnceOutcome::Refused { .. } => panic!("{refused:?}"),
    }
}

#[tokio::test]
async fn a12_a_command_that_arrives_again_is_answered_with_its_first_outcome() {
    let adapter = MemoryStore::new().adapter();
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    let key = CommitId::from_key("request 1");
    deposit(&here, 5).await;
    let first = accepted(here.execute_once(key, &ada(), &Withdraw(5), Metadata::new()).await.unwrap());
    assert!(!first.replayed());
    assert_eq!((first.version.get(), first.state.balance), (2, 0));
    deposit(&here, 1).await;
    // By now it would be refused, were it decided for the first time.
    for accounts in [&here, &elsewhere, &uncached(&adapter)] {
        let again =
            accepted(accounts.execute_once(key, &ada(), &Withdraw(5), Metadata::new()).await.unwrap());
        assert!(again.replayed());
        assert_eq!(again.events, [AccountEvent::Withdrawn { amount: 5 }]);
        assert_eq!((again.version.get(), again.state.balance), (3, 1), "the state is today's");
        let appended = &again.receipt.unwrap().appended()[0].clone();
        assert_eq!((appended.first, appended.head.version), (Version::new(2), Version::new(2)));
    }
    assert_eq!(here.load(&ada()).await.unwrap().version(), Version::new(3));
}

#[tokio::test]
async fn a12_a_refusal_is_recorded_and_stays_the_outcome() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    let key = CommitId::new();
    for replayed in [false, true] {
        let outcome = accounts.execute_once(key, &ada(), &Withdraw(5), Metadata::new()).await.unwrap();
        let OnceOutcome::Refused { reason, replayed: found } = outcome else { panic!("{outcome:?}") };
        assert_eq!((reason.as_str(), found), ("5 wanted, 0 there", replayed));
        // By the second time it would be accepted.
        deposit(&accounts, 10).await;
    }
    assert_eq!(balance(&accounts).await, 20);
}

#[tokio::test]
async fn a12_an_answer_lost_is_no_second_effect() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    watched.hinder([Fault::AnswerLost]);
    let done = accounts.execute_once(CommitId::new(), &ada(), &Deposit(5), Metadata::new()).await.unwrap();
    assert_eq!((accepted(done).state.balance, balance(&uncached(&adapter)).await), (5, 5));
    watched.hinder([Fault::AnswerLost]);
    let refused =
        accounts.execute_once(CommitId::new(), &ada(), &Withdraw(6), Metadata::new()).await.unwrap();
    assert!(matches!(refused, OnceOutcome::Refused { .. }), "{refused:?}");
}

#[tokio::test]
async fn a12_a_refusal_that_could_not_be_recorded_is_not_answered() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    watched.hinder([Fault::ReadOnly]);
    let key = CommitId::new();
    let error = accounts.execute_once(key, &ada(), &Withdraw(5), Metadata::new()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Commit(_)), "{error:?}");
    assert_eq!(error.effect(), Effect::NotWritten);
    deposit(&accounts, 5).await;
    accepted(accounts.execute_once(key, &ada(), &Withdraw(5), Metadata::new()).await.unwrap());
}

#[tokio::test]
async fn a12_a_key_of_another_aggregate_is_an_error() {
    let accounts = accounts(&MemoryStore::new().adapter());
    let key = CommitId::new();
    accounts.execute_once(key, &ada(), &Deposit(5), Metadata::new()).await.unwrap();
    let error = accounts.execute_once(key, &"bob".into(), &Deposit(5), Metadata::new()).await.unwrap_err();
    let ExecuteError::Commit(CommitError::CommitIdReused { commit, stream }) = error else {
        panic!("{error:?}")
    };
    assert_eq!((commit, stream.unwrap().as_str()), (key, "account-bob"));
}

#[tokio::test]
async fn a12_a_decision_without_events_is_recorded_and_stays_the_outcome() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    let key = CommitId::new();
    for (replayed, balance) in [(false, 0), (true, 5), (true, 10)] {
        let done = accepted(accounts.execute_once(key, &ada(), &Empty, Metadata::new()).await.unwrap());
        assert!(done.is_unchanged());
        assert_eq!((done.replayed(), done.state.balance), (replayed, balance), "the state is today's");
        assert_eq!(done.receipt.unwrap().outcome, Outcome::Unchanged);
        // By the next time there would be something to withdraw.
        deposit(&accounts, 5).await;
    }
    assert_eq!(balance(&accounts).await, 15);
}

#[tokio::test]
async fn a12_a_decision_without_events_after_an_outcome_answers_with_it() {
    let accounts = accounts(&MemoryStore::new().adapter());
    let (emptied, refused) = (CommitId::new(), CommitId::new());
    deposit(&accounts, 5).await;
    accounts.execute_once(emptied, &ada(), &Empty, Metadata::new()).await.unwrap();
    accounts.execute_once(refused, &ada(), &Withdraw(1), Metadata::new()).await.unwrap();
    // There is nothing to withdraw any more: decided now, both would change nothing.
    let again = accepted(accounts.execute_once(emptied, &ada(), &Empty, Metadata::new()).await.unwrap());
    assert!(again.replayed());
    assert_eq!(again.events, [AccountEvent::Withdrawn { amount: 5 }]);
    let again = accounts.execute_once(refused, &ada(), &Empty, Metadata::new()).await.unwrap();
    assert!(matches!(again, OnceOutcome::Refused { replayed: true, .. }), "{again:?}");
}

#[tokio::test]
async fn a12_an_empty_decision_whose_answer_was_lost_is_recorded_once() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    let key = CommitId::new();
    watched.hinder([Fault::AnswerLost]);
    let done = accepted(accounts.execute_once(key, &ada(), &Empty, Metadata::new()).await.unwrap());
    assert!(done.is_unchanged() && done.replayed(), "the first attempt recorded it");
    watched.hinder([Fault::ReadOnly]);
    let error = accounts.execute_once(CommitId::new(), &ada(), &Empty, Metadata::new()).await.unwrap_err();
    assert_eq!(error.effect(), Effect::NotWritten, "what could not be recorded is not answered: {error:?}");
}

#[tokio::test]
async fn a12_an_outcome_that_cannot_be_read_is_not_told_as_not_written() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    let (deposited, unchanged) = (CommitId::new(), CommitId::new());
    accounts.execute_once(unchanged, &ada(), &Empty, Metadata::new()).await.unwrap();
    accounts.execute_once(deposited, &ada(), &Deposit(5), Metadata::new()).await.unwrap();
    for key in [deposited, unchanged] {
        // From what it remembers it decides on a deposit; only what stands under the key has to be read.
        watched.break_reads(true);
        let error = accounts.execute_once(key, &ada(), &Deposit(5), Metadata::new()).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Unread { key: named, .. } if named == key), "{error:?}");
        assert_eq!(error.effect(), Effect::Unknown);
        assert!(error.is_transient());
        watched.break_reads(false);
        let again = accounts.execute_once(key, &ada(), &Deposit(5), Metadata::new()).await.unwrap();
        assert!(accepted(again).replayed());
    }
    assert_eq!(balance(&accounts).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a12_of_many_deliveries_at_once_one_takes_effect() {
    let adapter = MemoryStore::new().adapter();
    let key = CommitId::new();
    let deliveries: Vec<_> = (0..16)
        .map(|_| {
            let accounts = accounts(&adapter);
            let command: AccountCommand = Deposit(5);
            tokio::spawn(async move { accounts.execute_once(key, &ada(), &command, Metadata::new()).await })
        })
        .collect();
    let mut first = 0;
    for delivery in deliveries {
        first += usize::from(!accepted(delivery.await.unwrap().unwrap()).replayed());
    }
    assert_eq!((first, balance(&accounts(&adapter)).await), (1, 5));
}
