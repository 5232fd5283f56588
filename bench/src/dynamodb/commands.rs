//! Commands: load, decide, commit, on accounts of 40 events, beside load plus `TransactWriteItems` a command.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use annals::dynamodb::DynamoStore;
use annals::{Metadata, Repository, RepositoryOptions, Store};
use ordermaster_domain::{Account, AccountCommand, AccountId, DepositMethod};
use tokio::task::JoinSet;

use super::Tables;
use super::plain::{Plain, Spent};
use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, rate};
use crate::report::Report;

/// The group's figures.
pub(super) const NAMES: [&str; 4] = [
    "dynamodb_commands",
    "dynamodb_units_a_command",
    "dynamodb_requests_a_command",
    "dynamodb_dollars_a_million",
];

/// Events of an account when the figures begin; each command adds one.
const EVENTS: u64 = 40;
/// Ours and the baseline's each; so many that they hardly grow in a round.
const ACCOUNTS: u64 = 256;
const TASKS: usize = 16;

/// A round: commands a second, and what each took.
struct Round {
    rate: f64,
    requests: f64,
    written: f64,
    read: f64,
}

impl Round {
    fn units(&self) -> f64 {
        self.written + self.read
    }

    /// At Amazon's prices for on-demand capacity.
    fn dollars_a_million(&self) -> f64 {
        let prices = annals::dynamodb::cost::Prices::US_EAST_1;
        self.written * prices.million_writes + self.read * prices.million_reads
    }
}

/// Measures the group.
pub(super) async fn measure(bench: &Bench, report: &mut Report, tables: &Tables) -> Outcome {
    let handle = tables.open().await?;
    let store = Store::new(handle.adapter());
    // The baseline chains no digests: what it has written to, the store would call damaged.
    let all = history::accounts(&store, 2 * ACCOUNTS, EVENTS, TASKS).await?;
    let (own, others) = all.split_at(all.len() / 2);
    let (ids, plain_ids) = (Arc::new(own.to_vec()), Arc::new(others.to_vec()));
    let repository = store.repository::<Account>().with_options(RepositoryOptions::default());
    let spent = Arc::new(Spent::default());
    let plain = Plain { client: handle.client().clone(), table: "bench-events".to_owned(), spent };
    let time = Duration::from_millis(bench.size(2_000, 1_000));
    // Its cache is full before it counts.
    ours(&handle, &repository, &ids, Duration::from_secs(2)).await?;
    let (mut ours_rounds, mut plain_rounds) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours_rounds.push(ours(&handle, &repository, &ids, time).await?);
        plain_rounds.push(by_hand(&plain, &plain_ids, time).await?);
    }
    let about = format!(
        "commands (load, decide, commit of one event) on {ACCOUNTS} accounts of {EVENTS} events and more, by {TASKS} tasks, with \
         the states that they read kept; beside them the same commands by hand: the stream is read, folded from \
         `serde_json::Value`, and the event written with `TransactWriteItems`"
    );
    let mut add = |place: usize, unit, goal, about: String, of: fn(&Round) -> f64| -> Outcome {
        let sample = |rounds: &[Round]| Sample::of(rounds.iter().map(of).collect()).ok_or("no round was run");
        report.add(Figure {
            name: NAMES[place],
            about,
            unit,
            baseline: Some(("load and transaction", sample(&plain_rounds)?)),
            ours: sample(&ours_rounds)?,
            goal: Some(goal),
            aim: None,
        });
        Ok(())
    };
    let same = || "the same commands".to_owned();
    add(0, "commands/s", Goal::TimesAtLeast(2.0), about, |round| round.rate)?;
    add(
        1,
        "units",
        Goal::TimesAtMost(0.5),
        same() + ": write and read request units, by the cost model",
        Round::units,
    )?;
    add(2, "requests", Goal::TimesAtMost(0.5), same() + ": requests", |round| round.requests)?;
    let dollars = same() + ": US dollars a million, at the prices of docs/dynamodb-cost.md";
    add(3, "$", Goal::TimesAtMost(0.5), dollars, Round::dollars_a_million)
}

fn deposit() -> Outcome<AccountCommand> {
    Ok(AccountCommand::Deposit { amount: history::pounds(10)?, method: DepositMethod::Card })
}

async fn ours(
    handle: &DynamoStore,
    repository: &Repository<Account>,
    ids: &Arc<Vec<AccountId>>,
    time: Duration,
) -> Outcome<Round> {
    let before = handle.usage();
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..TASKS {
        let (repository, ids) = (repository.clone(), ids.clone());
        running.spawn(async move {
            let own: Vec<_> = ids.iter().skip(task).step_by(TASKS).collect();
            let mut count = 0;
            while begun.elapsed() < time {
                let metadata = Metadata::correlated(format!("request-{count:010}")).by("teller-7");
                repository.execute(own[count % own.len()], &deposit()?, metadata).await?;
                count += 1;
            }
            Outcome::Ok(count as u64)
        });
    }
    let count = sum(running).await?;
    let rate = rate(count, begun.elapsed());
    let after = handle.usage();
    let requests = after.requests.values().sum::<u64>() - before.requests.values().sum::<u64>();
    let each = |total: f64| total / count as f64;
    Ok(Round {
        rate,
        requests: each(requests as f64),
        written: each(after.write_units - before.write_units),
        read: each(after.read_units - before.read_units),
    })
}

async fn by_hand(plain: &Plain, ids: &Arc<Vec<AccountId>>, time: Duration) -> Outcome<Round> {
    let spent = || {
        [&plain.spent.requests, &plain.spent.written, &plain.spent.read]
            .map(|count| count.load(Ordering::Relaxed) as f64)
    };
    let before = spent();
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..TASKS {
        let (plain, ids) = (plain.clone(), ids.clone());
        running.spawn(async move {
            let own: Vec<_> = ids.iter().skip(task).step_by(TASKS).collect();
            let mut count = 0;
            while begun.elapsed() < time {
                plain.execute(own[count % own.len()], &deposit()?).await?;
                count += 1;
            }
            Outcome::Ok(count as u64)
        });
    }
    let count = sum(running).await?;
    let rate = rate(count, begun.elapsed());
    let after = spent();
    let each = |place: usize| (after[place] - before[place]) / count as f64;
    Ok(Round { rate, requests: each(0), written: each(1) / 2.0, read: each(2) / 2.0 })
}

async fn sum(mut running: JoinSet<Outcome<u64>>) -> Outcome<u64> {
    let mut count = 0;
    while let Some(done) = running.join_next().await {
        count += done??;
    }
    Ok(count)
}
