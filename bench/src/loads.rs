//! Loading an aggregate of 1,000 events: from its whole stream, through a snapshot, and beside plain SQLite with every
//! row decoded into JSON values.

use std::time::{Duration, Instant};

use annals::{Repository, RepositoryOptions, SnapshotPolicy};
use ordermaster_domain::{Account, AccountId};

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history::{self, LONG};
use crate::measure::{Sample, milliseconds_since};
use crate::plain::Plain;
use crate::report::Report;
use crate::stores::Risk;

/// Loads a round.
const LOADS: u64 = 100;
/// Blocks of the store; each has long accounts.
const BLOCKS: u64 = 4;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let store = bench.open("loads", Risk::Everything).await?;
    history::fill(&store, BLOCKS).await?;
    let accounts: Vec<_> = (0..BLOCKS * LONG)
        .map(|number| history::long(number / LONG, number % LONG))
        .collect::<Outcome<_>>()?;
    let uncached = RepositoryOptions::default().cache_capacity(0);
    let whole = store.repository::<Account>().with_options(uncached.clone());
    let short = whole.clone().with_options(uncached).with_snapshots(SnapshotPolicy::default());
    for account in &accounts {
        short.load(account).await?;
        wait_for_snapshot(&short, account).await?;
    }
    let plain = bench.kind.is_sqlite.then(|| Plain::open(&bench.file("loads"))).transpose()?;
    let (mut ours, mut theirs) = ([Vec::new(), Vec::new()], Vec::new());
    let mut through_snapshot = Vec::new();
    for _ in 0..bench.rounds() {
        let times = load_each(&whole, &accounts).await?;
        ours[0].push(times.median());
        ours[1].push(times.percentile(95));
        through_snapshot.push(load_each(&short, &accounts).await?.percentile(95));
        if let Some(plain) = &plain {
            theirs.push(decode_each(plain, &accounts)?.median());
        }
    }
    let [median, slow] = ours.map(Sample::of);
    let missing = || "no round was run";
    report.add(Figure {
        name: "loads_1000_events",
        about: "loading an account of 1,000 events from its whole stream, without cache and snapshot; beside it the same \
                rows read in plain SQLite, payload and metadata decoded into `serde_json::Value`"
            .to_owned(),
        unit: "ms",
        baseline: Sample::of(theirs).map(|theirs| ("Value decoding", theirs)),
        ours: median.ok_or_else(missing)?,
        goal: Some(Goal::TimesAtMost(1.0)),
        aim: None,
    });
    report.add(Figure {
        name: "loads_1000_events_p95",
        about: "the 95th percentile of the same load".to_owned(),
        unit: "ms",
        baseline: None,
        ours: slow.ok_or_else(missing)?,
        goal: None,
        aim: Some(Goal::Below(5.0)),
    });
    report.add(Figure {
        name: "loads_snapshot_p95",
        about: "the 95th percentile of a load of the same account through a snapshot".to_owned(),
        unit: "ms",
        baseline: None,
        ours: Sample::of(through_snapshot).ok_or_else(missing)?,
        goal: None,
        aim: Some(Goal::Below(1.0)),
    });
    Ok(())
}

/// How long each load took.
pub(crate) async fn load_each(repository: &Repository<Account>, accounts: &[AccountId]) -> Outcome<Sample> {
    let (repository, accounts) = (repository.clone(), accounts.to_vec());
    let times = tokio::spawn(async move {
        let mut times = Vec::new();
        for account in accounts.iter().cycle().take(usize::try_from(LOADS)?) {
            let begun = Instant::now();
            let loaded = repository.load(account).await?;
            times.push(milliseconds_since(begun));
            if loaded.version().get() != 1_000 {
                return Err(format!("{account} has {} events, not 1,000", loaded.version()).into());
            }
        }
        Outcome::Ok(times)
    });
    Ok(Sample::of(times.await??).ok_or("nothing was loaded")?)
}

fn decode_each(plain: &Plain, accounts: &[AccountId]) -> Outcome<Sample> {
    let mut times = Vec::new();
    for account in accounts.iter().cycle().take(usize::try_from(LOADS)?) {
        let stream = history::stream(account)?;
        let begun = Instant::now();
        let events = plain.decode_stream(stream.as_str())?;
        times.push(milliseconds_since(begun));
        if events != 1_000 {
            return Err(format!("{stream} has {events} events, not 1,000").into());
        }
    }
    Ok(Sample::of(times).ok_or("nothing was loaded")?)
}

/// Snapshots are written after the load is answered.
async fn wait_for_snapshot(repository: &Repository<Account>, account: &AccountId) -> Outcome {
    let stream = repository.stream_of(account)?;
    for _ in 0..1_000 {
        if repository.adapter().snapshots.latest(&stream).await?.is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(format!("no snapshot of {stream} was written within 5 s").into())
}
