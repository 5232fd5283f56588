//! The laws have teeth: each law's tests fail over a store that breaks it, and over no other; and over a sound store
//! all of them pass. The table is printed.

#![expect(clippy::print_stdout, reason = "the table is what this test shows")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use annals_memory::MemoryStore;
use annals_ports::Adapter;
use annals_testkit::ManualClock;
use annals_testkit::broken::{ALL, Broken, BrokenStore, SOUND, tried};
use annals_testkit::conformance::{Law, StoreUnderTest, laws};

/// Tests at a time: most of what takes time is waiting.
const AT_A_TIME: usize = 6;

struct Memory {
    store: MemoryStore,
    clock: ManualClock,
}

#[async_trait::async_trait]
impl StoreUnderTest for Memory {
    async fn fresh() -> Self {
        let clock = ManualClock::at_present();
        Self { store: MemoryStore::with_clock(Arc::new(clock.clone())), clock }
    }

    fn adapter(&self) -> Adapter {
        self.store.adapter()
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn reopen(&mut self) {
        self.store = self.store.clone();
    }

    async fn second(&self) -> Adapter {
        self.store.adapter()
    }
}

/// Which tests fail over each store, in the order of the stores.
fn failures(laws: &[Law], stores: &[BrokenStore]) -> Vec<BTreeSet<&'static str>> {
    let (next, all) = (AtomicUsize::new(0), laws.len() * stores.len());
    let work = || {
        let mut failed = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= all {
                return failed;
            }
            let (store, law) = (place / laws.len(), &laws[place % laws.len()]);
            if !tried(law, &stores[store]) {
                failed.push((store, law.name));
            }
        }
    };
    let mut failures = vec![BTreeSet::new(); stores.len()];
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            for (store, law) in worker.join().expect("a test's panic is caught") {
                failures[store].insert(law);
            }
        }
    });
    failures
}

fn number(test: &str) -> String {
    test.split('_').next().unwrap_or_default().to_uppercase()
}

/// A row for each store, a column for each law: `X` where a test of the law failed.
fn table(numbers: &[String], stores: &[BrokenStore], failures: &[BTreeSet<&'static str>]) -> String {
    let mut text = String::new();
    for digit in 0..3 {
        let heads: String = numbers.iter().filter_map(|number| number.chars().nth(digit)).collect();
        let _ = writeln!(text, "{:58} {heads}", "");
    }
    for (store, failed) in stores.iter().zip(failures) {
        let failed: BTreeSet<_> = failed.iter().map(|test| number(test)).collect();
        let cells: String = numbers.iter().map(|law| if failed.contains(law) { 'X' } else { '·' }).collect();
        let _ = writeln!(text, "{:58} {cells}", store.name);
        for (law, reason) in store.also {
            let _ = writeln!(text, "{:58} and {law}: {reason}", "");
        }
    }
    text
}

#[test]
fn every_law_is_caught_where_it_is_broken_and_nowhere_else() {
    let laws = laws::<Broken<Memory>>();
    let numbers: Vec<String> = laws.iter().map(Law::number).collect::<BTreeSet<_>>().into_iter().collect();
    let stores: Vec<BrokenStore> = [SOUND].into_iter().chain(ALL.iter().copied()).collect();

    // The panics of tests that are meant to fail would drown the table.
    std::panic::set_hook(Box::new(|_| {}));
    let failures = failures(&laws, &stores);
    let _ = std::panic::take_hook();

    println!("{}", table(&numbers, &stores, &failures));
    let caught: BTreeSet<&str> = failures.iter().flatten().copied().collect();
    println!("{} tests of {} laws, {} broken stores", laws.len(), numbers.len(), ALL.len());
    println!("{} tests fail over some broken store; these show what others show already:", caught.len());
    for law in laws.iter().filter(|law| !caught.contains(law.name)) {
        println!("  {}", law.name);
    }

    let mut wrong = BTreeMap::new();
    for (store, failed) in stores.iter().zip(&failures) {
        let expected: BTreeSet<String> = [store.law()]
            .into_iter()
            .filter(|law| law != "SOUND")
            .chain(store.also.iter().map(|(law, _)| (*law).to_owned()))
            .collect();
        let found: BTreeSet<String> = failed.iter().map(|test| number(test)).collect();
        if found != expected {
            wrong.insert(store.name, failed.clone());
        }
    }
    assert!(wrong.is_empty(), "each breaks its own law and no other; here the tests failed: {wrong:#?}");
    let broken: BTreeSet<String> = ALL.iter().map(BrokenStore::law).collect();
    let without: Vec<_> = numbers.iter().filter(|law| !broken.contains(*law)).collect();
    assert!(without.is_empty(), "no broken store shows that these laws' tests can fail: {without:?}");
}
