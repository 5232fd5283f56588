//! Whatever is cached, snapshotted or known elsewhere: the same commands have the same answers and leave the same
//! states, at every version (law S01, and the whole of C01). The model is the aggregate alone.

use annals_application::{AsOf, ExecuteError, Repository, SnapshotPolicy};
use annals_core::{Aggregate, Context, Metadata, Timestamp};
use annals_memory::MemoryStore;
use proptest::prelude::*;

use crate::account::{
    Account, AccountCommand, Deposit, Deposits, Empty, Withdraw, accounts, quick, uncached,
};

/// A command, who runs it, and for which account.
type Step = (usize, usize, AccountCommand);

const ACCOUNTS: usize = 2;
const REPOSITORIES: usize = 5;

fn command() -> impl Strategy<Value = AccountCommand> {
    prop_oneof![
        (0..10_u64).prop_map(Deposit),
        (0..15_u64).prop_map(Withdraw),
        prop::collection::vec(0..5_u64, 0..5).prop_map(Deposits),
        Just(Empty),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..REPOSITORIES, 0..ACCOUNTS, command()), 1..40)
}

fn repositories(store: &MemoryStore) -> [Repository<Account>; REPOSITORIES] {
    let adapter = store.adapter();
    [
        uncached(&adapter),
        accounts(&adapter),
        uncached(&adapter).with_snapshots(SnapshotPolicy::every(1)),
        accounts(&adapter).with_snapshots(SnapshotPolicy::every(3)),
        accounts(&adapter).with_options(quick().cache_capacity(1)).with_snapshots(SnapshotPolicy::every(4)),
    ]
}

async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let repositories = repositories(&MemoryStore::new());
    // Each account's states, by version.
    let mut model = vec![vec![Account::default()]; ACCOUNTS];
    for (repository, account, command) in steps {
        let states = &mut model[account];
        let now = states.last().unwrap().clone();
        let decided = now.decide(&command, &Context::at(Timestamp::UNIX_EPOCH));
        let found = repositories[repository].execute(&account.to_string(), &command, Metadata::new()).await;
        match (decided, found) {
            (Err(expected), Err(ExecuteError::Rejected(found))) => prop_assert_eq!(expected, found),
            (Ok(expected), Ok(found)) => {
                for event in &expected {
                    let mut next = states.last().unwrap().clone();
                    next.evolve(event);
                    states.push(next);
                }
                prop_assert_eq!(found.is_unchanged(), expected.is_empty());
                prop_assert_eq!(found.events, expected);
                prop_assert_eq!(&found.state, states.last().unwrap());
                prop_assert_eq!(found.version.get(), states.len() as u64 - 1);
            }
            (expected, found) => prop_assert!(false, "expected {expected:?}, found {found:?}"),
        }
        // Lets the snapshots be written in between.
        tokio::task::yield_now().await;
    }
    for (account, states) in model.iter().enumerate() {
        for repository in &repositories {
            for (version, state) in states.iter().enumerate() {
                let then =
                    repository.load_at(&account.to_string(), AsOf::version(version as u64)).await.unwrap();
                prop_assert_eq!(&then.state, state);
            }
            let now = repository.load(&account.to_string()).await.unwrap();
            prop_assert_eq!(&now.state, states.last().unwrap());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn s01_every_way_to_a_state_gives_the_state_of_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(steps))?;
    }
}
