//! Units: several aggregates in one commit, or none of them (laws A07, A12 and C03).

use annals_application::{Unit, UnitError};
use annals_core::{CommitId, Metadata, Version};
use annals_memory::MemoryStore;
use annals_ports::{Adapter, Effect};

use crate::account::{
    Deposit, Deposits, Empty, EmptyOneByOne, Overdrawn, Withdraw, accounts, ada, balance, deposit, quick,
    uncached,
};
use crate::watched::{Fault, watch};

fn bob() -> String {
    "bob".to_owned()
}

async fn balances(adapter: &Adapter) -> (u64, u64) {
    let accounts = uncached(adapter);
    let bobs = accounts.load(&bob()).await.unwrap().state.balance;
    (balance(&accounts).await, bobs)
}

fn unit(adapter: &Adapter) -> Unit {
    Unit::new(adapter, Metadata::correlated("transfer")).with_options(quick())
}

#[tokio::test]
async fn a07_all_steps_are_one_commit() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 10).await;
    watched.take_costs();
    let done = unit(&adapter)
        .execute(&accounts, ada(), Withdraw(4))
        .execute(&accounts, bob(), Deposit(4))
        .commit()
        .await
        .unwrap();
    assert!(!done.is_unchanged() && !done.replayed());
    assert_eq!(watched.take_commits().len(), 1);
    let (adas, bobs) = (accounts.stream_of(&ada()).unwrap(), accounts.stream_of(&bob()).unwrap());
    assert_eq!((done.version(&adas), done.version(&bobs)), (Some(Version::new(2)), Some(Version::new(1))));
    assert_eq!(balances(&adapter).await, (6, 4));

    watched.take_costs();
    deposit(&accounts, 1).await;
    assert_eq!(watched.take_costs(), (1, 0), "the states after a unit are cached");
    let history = accounts.history(&bob()).await.unwrap();
    assert_eq!(history[0].header.metadata().unwrap().correlation_id(), Some("transfer"));
    assert_eq!(history[0].header.commit.size, 2);
}

#[tokio::test]
async fn a07_a_refusal_of_one_step_writes_nothing() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    let error = unit(&adapter)
        .execute(&accounts, bob(), Deposit(4))
        .execute(&accounts, ada(), Withdraw(4))
        .commit()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "account-ada refused: 4 wanted, 0 there");
    let UnitError::Rejected { stream, source } = error else { panic!("{error:?}") };
    assert_eq!(stream.as_str(), "account-ada");
    assert_eq!(source.downcast_ref(), Some(&Overdrawn { balance: 0, wanted: 4 }));
    assert_eq!(watched.take_commits(), []);
    assert_eq!(balances(&adapter).await, (0, 0));
}

#[tokio::test]
async fn c01_a_refusal_of_a_step_is_made_on_a_fresh_state() {
    let adapter = MemoryStore::new().adapter();
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 1).await;
    deposit(&elsewhere, 9).await;
    let both = unit(&adapter).execute(&here, ada(), Withdraw(10)).execute(&here, bob(), Deposit(10));
    both.commit().await.unwrap();
    assert_eq!(balances(&adapter).await, (0, 10));
}

#[tokio::test]
async fn c01_steps_that_cannot_be_committed_are_decided_again_on_fresh_states() {
    let adapter = MemoryStore::new().adapter();
    let (here, elsewhere) = (accounts(&adapter), accounts(&adapter));
    deposit(&here, 64).await;
    elsewhere.execute(&ada(), &Withdraw(1), Metadata::new()).await.unwrap();
    let both = unit(&adapter).execute(&here, ada(), EmptyOneByOne).execute(&here, bob(), Deposit(1));
    both.commit().await.unwrap();
    assert_eq!(balances(&adapter).await, (0, 1));
    let many = unit(&adapter).execute(&here, ada(), Deposits(vec![1; 40])).execute(
        &here,
        bob(),
        Deposits(vec![1; 40]),
    );
    assert!(matches!(many.commit().await, Err(UnitError::Invalid(_))));
    assert_eq!(balances(&adapter).await, (0, 1));
}

#[tokio::test]
async fn c02_a_unit_that_changes_nothing_writes_nothing() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    let none =
        unit(&adapter).execute(&accounts, ada(), Empty).execute(&accounts, bob(), Empty).commit().await;
    assert!(none.unwrap().is_unchanged());
    assert!(unit(&adapter).commit().await.unwrap().is_unchanged());
    assert_eq!(watched.take_commits(), []);

    let half =
        unit(&adapter).execute(&accounts, ada(), Empty).execute(&accounts, bob(), Deposit(1)).commit().await;
    let half = half.unwrap();
    assert_eq!(half.receipt.as_ref().unwrap().appended().len(), 1);
    assert_eq!(half.version(&accounts.stream_of(&ada()).unwrap()), Some(Version::NONE));
}

#[tokio::test]
async fn a12_a_unit_that_changes_nothing_has_that_as_its_one_outcome() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    let key = CommitId::new();
    for replayed in [false, true] {
        let none = unit(&adapter).once(key).execute(&accounts, ada(), Empty).commit().await.unwrap();
        assert!(none.is_unchanged());
        assert_eq!(none.replayed(), replayed);
        // By the next time there would be something to withdraw.
        deposit(&accounts, 5).await;
    }
    assert_eq!(balances(&adapter).await, (10, 0));
}

#[tokio::test]
async fn c03_a_conflict_has_every_step_decided_again() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    deposit(&accounts, 10).await;
    accounts.execute(&bob(), &Deposit(10), Metadata::new()).await.unwrap();
    watched.take_costs();
    watched.hinder([Fault::Overtaken, Fault::Overtaken]);
    let both = unit(&adapter).execute(&accounts, ada(), Empty).execute(&accounts, bob(), Empty).commit();
    both.await.unwrap();
    assert_eq!(balances(&adapter).await, (0, 0));
    let commits = watched.take_commits();
    assert_eq!(commits.len(), 3);
    assert_ne!(commits[0].id(), commits[1].id());
}

#[tokio::test]
async fn c03_after_so_many_conflicts_the_last_one_is_the_callers() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    watched.hinder([Fault::Overtaken; 9]);
    let both = unit(&adapter)
        .with_options(quick().retries(2))
        .execute(&accounts, ada(), Deposit(50))
        .execute(&accounts, bob(), Deposit(50))
        .commit();
    let error = both.await.unwrap_err();
    assert!(matches!(error, UnitError::Contended { attempts: 3, .. }), "{error:?}");
    assert!(error.is_transient());
    assert_eq!(balances(&adapter).await, (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c03_transfers_that_race_keep_the_sum() {
    let adapter = MemoryStore::new().adapter();
    let shared = accounts(&adapter);
    deposit(&shared, 100).await;
    shared.execute(&bob(), &Deposit(100), Metadata::new()).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let (adapter, shared) = (adapter.clone(), shared.clone());
            tokio::spawn(async move {
                let (from, to) = if task % 2 == 0 { (ada(), bob()) } else { (bob(), ada()) };
                for _ in 0..5 {
                    unit(&adapter)
                        .with_options(quick().retries(1_000))
                        .execute(&shared, from.clone(), Withdraw(3))
                        .execute(&shared, to.clone(), Deposit(3))
                        .commit()
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(balances(&adapter).await, (100, 100));
    assert_eq!(uncached(&adapter).load(&ada()).await.unwrap().version(), Version::new(1 + 80));
}

#[tokio::test]
async fn a06_a_lost_answer_leaves_one_effect_in_every_step() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    watched.hinder([Fault::AnswerLost]);
    let both = unit(&adapter).execute(&accounts, ada(), Deposit(1)).execute(&accounts, bob(), Deposit(2));
    assert!(both.commit().await.unwrap().replayed());
    let commits = watched.take_commits();
    assert_eq!(commits[0], commits[1]);
    assert_eq!(balances(&adapter).await, (1, 2));
    deposit(&accounts, 1).await;
    assert_eq!(balances(&adapter).await, (2, 2));
}

#[tokio::test]
async fn a06_a_unit_that_may_be_written_says_so() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    watched.hinder([Fault::AnswerLost, Fault::Away]);
    let both = unit(&adapter).with_options(quick().retries(1)).execute(&accounts, ada(), Deposit(1)).commit();
    assert_eq!(both.await.unwrap_err().effect(), Effect::Unknown);
}

#[tokio::test]
async fn a12_a_unit_with_a_key_takes_effect_once() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    deposit(&accounts, 10).await;
    let key = CommitId::from_key("transfer 1");
    for replayed in [false, true, true] {
        let both = unit(&adapter).once(key).execute(&accounts, ada(), Withdraw(8)).execute(
            &accounts,
            bob(),
            Deposit(8),
        );
        let done = both.commit().await.unwrap();
        assert_eq!(done.replayed(), replayed);
        assert_eq!(done.version(&accounts.stream_of(&ada()).unwrap()), Some(Version::new(2)));
        assert_eq!(balances(&adapter).await, (2, 8));
    }
    deposit(&accounts, 1).await;
    assert_eq!(balances(&adapter).await, (3, 8), "what is cached is the streams'");
}

#[tokio::test]
async fn a12_a_refusal_of_a_unit_with_a_key_stays_its_outcome() {
    let adapter = MemoryStore::new().adapter();
    let accounts = accounts(&adapter);
    let key = CommitId::new();
    let withdraw = || unit(&adapter).once(key).execute(&accounts, ada(), Withdraw(8)).commit();
    assert!(matches!(withdraw().await, Err(UnitError::Rejected { .. })));
    for _ in 0..2 {
        // The first time it would be refused again, the second time it would be accepted.
        let error = withdraw().await.unwrap_err();
        let UnitError::RefusedBefore { key: found, reason } = error else { panic!("{error:?}") };
        assert_eq!((found, reason.as_str()), (key, "account-ada refused: 8 wanted, 0 there"));
        deposit(&accounts, 10).await;
    }
    assert_eq!(balance(&accounts).await, 20);
}

#[tokio::test]
async fn a_stream_in_two_steps_is_an_error_that_names_it() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = accounts(&adapter);
    let id = ada();
    let twice = unit(&adapter).execute(&accounts, &id, Deposit(1)).execute(&accounts, &id, Deposit(1));
    let error = twice.commit().await.unwrap_err();
    assert!(
        matches!(&error, UnitError::StreamTwice { stream } if stream.as_str() == "account-ada"),
        "{error:?}"
    );
    assert_eq!(watched.take_costs(), (0, 0));
}

#[tokio::test]
async fn a_step_in_another_store_is_an_error() {
    let adapter = MemoryStore::new().adapter();
    let elsewhere = accounts(&MemoryStore::new().adapter());
    let error = unit(&adapter).execute(&elsewhere, ada(), Deposit(1)).commit().await.unwrap_err();
    assert!(matches!(error, UnitError::OtherStore { .. }), "{error:?}");
    assert_eq!(balance(&elsewhere).await, 0);
}

#[tokio::test]
async fn an_id_that_makes_no_stream_is_an_error_of_the_unit() {
    let adapter = MemoryStore::new().adapter();
    let error =
        unit(&adapter).execute(&accounts(&adapter), "a b".to_owned(), Deposit(1)).commit().await.unwrap_err();
    assert!(matches!(error, UnitError::Stream(_)), "{error:?}");
}
