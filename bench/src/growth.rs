//! Growth: the same work on a store of 10,000 events and on one that is 500 times as large.

use std::time::{Duration, Instant};

use annals::ports::{FeedPosition, FeedQuery};
use annals::{Repository, RepositoryOptions, Store, decode_event};
use futures::future::join_all;
use ordermaster_domain::{Account, AccountEvent, AccountId};

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history::{self, BLOCK, LONG};
use crate::loads::load_each;
use crate::measure::{Sample, rate};
use crate::report::Report;
use crate::stores::Risk;

/// Commits of a round: at once, and how often.
const AT_ONCE: usize = 256;
const TURNS: usize = 80;
/// Places of the feed that a round reads from, 10,000 events from each.
const PLACES: u64 = 20;
/// Accounts that a round loads, over and over.
const ACCOUNTS: u64 = 20;

/// A store of some size.
struct Grown {
    blocks: u64,
    positions: Vec<FeedPosition>,
    repository: Repository<Account>,
    store: Store,
    commits: Vec<f64>,
    loads: Vec<f64>,
    feed: Vec<f64>,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let large = bench.size(500, 50);
    let mut sizes = [grow(bench, "small", 1).await?, grow(bench, "large", large).await?];
    for round in 0..bench.rounds() as u64 {
        for grown in &mut sizes {
            grown.measure_reading(round).await?;
        }
    }
    // Last, since they make the stores grow. The small one is another in each round, so that it is small in each; all are
    // made beforehand, lest the disk be still at work for one when the next is measured.
    let mut small = Vec::new();
    for round in 0..bench.rounds() {
        small.push(anew(bench, round, &sizes[0].store).await?);
    }
    for store in small {
        let found = rate_of_commits(&store).await?;
        sizes[0].commits.push(found);
        let found = rate_of_commits(&sizes[1].store).await?;
        sizes[1].commits.push(found);
    }
    let [small, large] = sizes;
    let events = large.blocks * BLOCK;
    let mut add = |name, what: &str, unit, small: Vec<f64>, large: Vec<f64>| {
        let (Some(small), Some(large)) = (Sample::of(small), Sample::of(large)) else { return };
        report.add(Figure {
            name,
            about: format!("{what} on a store of {events} events; beside it one of {BLOCK}"),
            unit,
            baseline: Some(("10,000 events", small)),
            ours: large,
            goal: Some(Goal::DiffersBelow(25.0)),
            aim: None,
        });
    };
    add(
        "growth_commits",
        "durable commits of one event to new streams, 256 at once,",
        "commits/s",
        small.commits,
        large.commits,
    );
    add(
        "growth_load",
        "loading accounts of 1,000 events, taken from all over the store,",
        "ms",
        small.loads,
        large.loads,
    );
    add(
        "growth_feed",
        "reading typed events from places all over the feed",
        "events/s",
        small.feed,
        large.feed,
    );
    Ok(())
}

async fn grow(bench: &Bench, name: &str, blocks: u64) -> Outcome<Grown> {
    println!("filling a store with {} events", blocks * BLOCK);
    let filling = bench.open(name, Risk::Everything).await?;
    let positions = history::fill(&filling, blocks).await?;
    bench.settle(name)?;
    let store = if bench.kind.is_shared {
        drop(filling);
        bench.open(name, Risk::None).await?
    } else {
        filling
    };
    let uncached = RepositoryOptions::default().cache_capacity(0);
    let repository = store.repository().with_options(uncached);
    let (commits, loads, feed) = (Vec::new(), Vec::new(), Vec::new());
    Ok(Grown { blocks, positions, repository, store, commits, loads, feed })
}

impl Grown {
    async fn measure_reading(&mut self, round: u64) -> Outcome {
        let accounts: Vec<AccountId> = (0..ACCOUNTS)
            .map(|number| history::long(self.place(number, ACCOUNTS, round), number % LONG))
            .collect::<Outcome<_>>()?;
        self.loads.push(load_each(&self.repository, &accounts).await?.median());
        let begun = Instant::now();
        for number in 0..PLACES {
            let block = usize::try_from(self.place(number, PLACES, round))?;
            read_block(&self.store, self.positions[block].clone()).await?;
        }
        self.feed.push(rate(PLACES * BLOCK, begun.elapsed()));
        Ok(())
    }

    /// A block out of so many that lie evenly over the store; others each round.
    fn place(&self, number: u64, of: u64, round: u64) -> u64 {
        (number * self.blocks / of + round) % self.blocks
    }
}

/// A store of one block for a round; where a store has no name, the one that there is.
async fn anew(bench: &Bench, round: usize, small: &Store) -> Outcome<Store> {
    if !bench.kind.is_shared {
        return Ok(small.clone());
    }
    let name = format!("small-{round}");
    history::fill(&bench.open(&name, Risk::Everything).await?, 1).await?;
    bench.settle(&name)?;
    bench.open(&name, Risk::None).await
}

async fn rate_of_commits(store: &Store) -> Outcome<f64> {
    let mut took = Duration::ZERO;
    for _ in 0..TURNS {
        let commits = (0..AT_ONCE).map(|_| history::opening()).collect::<Outcome<Vec<_>>>()?;
        let begun = Instant::now();
        for receipt in join_all(commits.into_iter().map(|commit| store.adapter().events.commit(commit))).await
        {
            receipt?;
        }
        took += begun.elapsed();
    }
    Ok(rate((AT_ONCE * TURNS) as u64, took))
}

/// Reads a block's events, decoded.
async fn read_block(store: &Store, mut position: FeedPosition) -> Outcome {
    let mut left = usize::try_from(BLOCK)?;
    let query = FeedQuery::all();
    while left > 0 {
        let page = store.adapter().feed.next(&query, &position, Duration::ZERO).await?;
        for event in &page.events {
            std::hint::black_box(decode_event::<AccountEvent>(event)?);
        }
        left = left.saturating_sub(page.events.len());
        position = page.next;
        if page.at_end && left > 0 {
            return Err("the feed ended within a block".into());
        }
    }
    Ok(())
}
