//! What must be true of a file after whatever happened to its process: the next start needs no repair, no answered
//! commit is lost, none is torn, streams are dense and their digests whole, what happens once happened once, and
//! views are what a rebuild makes of history. Everything is checked on the file as it was left.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use annals::ports::{
    Append, Commit, EventFeedExt, Expectation, FeedQuery, NewEvent, Outcome, RowQuery, StoreError, ViewId,
};
use annals::projection::{Fold, Projection};
use annals::sqlite::{SqliteOptions, SqliteStore};
use annals::{CommitId, EventId, EventType, Json, RecordedEvent, Repository, SnapshotPolicy, Store};
use annals_testkit::faults::{Broken, check_store};
use ordermaster::read_models::{AccountSummary, TransactionHistory};
use ordermaster_domain::{Account, AccountId};

use crate::answers::{Answer, Answers};
use crate::load::{OwnerTotals, runners};

/// How long a start after a crash may take; a repair would take longer.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Ids that are asked for once more, so that a check takes no longer than the load did.
const ASKED_AGAIN: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) events: usize,
    /// Answered commits that are not there.
    pub(crate) lost: usize,
}

fn broken(law: &'static str, what: impl std::fmt::Display) -> Broken {
    Broken { law, what: what.to_string() }
}

fn failed(error: StoreError) -> Broken {
    Broken::from(error)
}

/// Checks every law but that nothing which was answered is lost: that is for the caller to judge.
pub(crate) async fn check(file: &Path, answers: &Answers) -> Result<Found, Broken> {
    let store = start(file).await?;
    check_file(file)?;
    let mut feed = check_store(store.adapter()).await?;
    // The commit that showed the start to be a good one is not the load's.
    feed.pop();
    let lost = answers.lost(&feed)?;
    let lost = lost.len() + check_once(&store, answers, &lost).await?;
    check_views(&store, &feed).await?;
    check_snapshots(&store, &feed).await?;
    Ok(Found { events: feed.len(), lost })
}

/// The next start needs no repair: it opens, and commits, at once.
async fn start(file: &Path) -> Result<Store, Broken> {
    let begun = Instant::now();
    let options = SqliteOptions::new(file).busy_timeout(Duration::from_secs(1));
    let store = Store::new(SqliteStore::open(options).await.map_err(failed)?.adapter());
    let event = NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Started").unwrap(),
        schema_version: 1,
        payload: Json::empty(),
        metadata: Json::empty(),
    };
    let append = Append::new("start-1".parse().unwrap(), Expectation::Any, vec![event]);
    let commit = Commit::new(CommitId::new(), vec![append]).unwrap();
    store.adapter().events.commit(commit).await.map_err(|error| broken("E02", error))?;
    let took = begun.elapsed();
    if took > AT_ONCE { Err(broken("E02", format!("the start took {took:?}"))) } else { Ok(store) }
}

/// SQLite's own view of the file, and what only its tables show.
fn check_file(file: &Path) -> Result<(), Broken> {
    let sqlite = |error: rusqlite::Error| broken("A01", format!("the file cannot be read: {error}"));
    let raw = rusqlite::Connection::open(file).map_err(sqlite)?;
    let text = |sql| raw.query_row(sql, [], |row| row.get::<_, String>(0)).map_err(sqlite);
    let verdict = text("PRAGMA integrity_check")?;
    if verdict != "ok" {
        return Err(broken("A01", format!("the file is damaged: {verdict}")));
    }
    // A12: an id has one outcome, events or a refusal.
    let both = text("SELECT count(*) || '' FROM outcomes WHERE commit_id IN (SELECT commit_id FROM events)")?;
    if both == "0" {
        Ok(())
    } else {
        Err(broken("A12", format!("{both} outcomes without events are commits as well")))
    }
}

/// A12: whoever comes again with an id is answered with its outcome. A refusal leaves no event to be missed: whether
/// it is there shows here alone. Answers how many are not.
async fn check_once(store: &Store, answers: &Answers, lost: &[&str]) -> Result<usize, Broken> {
    let standing = answers.once.iter().rev().filter(|id| !lost.contains(&id.as_str()));
    let mut refusals_lost = 0;
    for id in standing.take(ASKED_AGAIN) {
        let again = Commit::refusal(id.parse().unwrap(), Json::empty()).unwrap();
        let receipt = store.adapter().events.commit(again).await;
        let receipt = receipt.map_err(|error| broken("A12", format!("commit {id} again: {error}")))?;
        match (&answers.outcomes[id], &receipt.outcome) {
            (Answer::Committed(_), Outcome::Committed(_)) if receipt.replayed => {}
            (Answer::Refused, Outcome::Refused { .. }) => refusals_lost += usize::from(!receipt.replayed),
            (told, _) => {
                let what = format!("commit {id} was answered {told:?}, again it is {receipt:?}");
                return Err(broken("A12", what));
            }
        }
    }
    Ok(refusals_lost)
}

/// V01, V05: rows are what the events up to the checkpoint make, then what all events make, rebuilt as well.
async fn check_views(store: &Store, feed: &[RecordedEvent]) -> Result<(), Broken> {
    let history: Vec<_> = feed.iter().filter(|event| event.header.stream.category() == "account").collect();
    check_as_left::<AccountSummary>(store, &history, || AccountSummary).await?;
    check_as_left::<TransactionHistory>(store, &history, || TransactionHistory).await?;
    check_as_left::<OwnerTotals>(store, &history, || OwnerTotals).await?;
    for rebuild in [false, true] {
        for runner in runners(store) {
            let done =
                if rebuild { runner.rebuild(&mut |_| {}).await } else { runner.catch_up(&mut |_| {}).await };
            done.map_err(|error| broken("V05", error))?;
        }
        compare::<AccountSummary>(store, &history, AccountSummary).await?;
        compare::<TransactionHistory>(store, &history, TransactionHistory).await?;
        compare::<OwnerTotals>(store, &history, OwnerTotals).await?;
    }
    Ok(())
}

/// V01: the rows, as the process left them, are those of the events that the checkpoint covers.
async fn check_as_left<P: Projection>(
    store: &Store,
    history: &[&RecordedEvent],
    projection: impl Fn() -> P,
) -> Result<(), Broken> {
    let state = store.view::<P>().state().await.map_err(failed)?;
    let Some(state) = state else {
        return compare::<P>(store, &[], projection()).await;
    };
    let covered = usize::try_from(state.checkpoint.events).unwrap();
    let query = FeedQuery::categories(vec![annals::Category::new("account").unwrap()]);
    let ahead = store.adapter().feed.read_to_end(&query, state.checkpoint.position.clone()).await;
    let ahead = ahead.map_err(failed)?.0.len();
    if covered + ahead != history.len() {
        let (view, all) = (state.view, history.len());
        return Err(broken("V01", format!("{view} covers {covered} events, {ahead} are ahead, of {all}")));
    }
    compare::<P>(store, &history[..covered], projection()).await
}

/// The rows in the store against a fold over `history`.
async fn compare<P: Projection>(
    store: &Store,
    history: &[&RecordedEvent],
    projection: P,
) -> Result<(), Broken> {
    let mut fold = Fold::new(projection);
    for event in history {
        fold.push(event).map_err(|error| broken("E03", error))?;
    }
    let folded = fold.rows().iter().map(|(key, row)| (key.to_string(), serde_json::to_value(row).unwrap()));
    let folded: BTreeMap<_, _> = folded.collect();
    let view = ViewId::new(P::NAME, P::VERSION);
    let found = rows(store, &view).await.map_err(failed)?;
    if found == folded {
        return Ok(());
    }
    let differs = folded.iter().find(|(key, row)| found.get(*key) != Some(row));
    let what = format!("{view}: {} rows instead of {}, first {differs:?}", found.len(), folded.len());
    Err(broken("V05", what))
}

async fn rows(store: &Store, view: &ViewId) -> Result<BTreeMap<String, serde_json::Value>, StoreError> {
    let mut rows = BTreeMap::new();
    let mut query = RowQuery::all().limit(1_000);
    loop {
        let page = store.adapter().views.page(view, &query).await?;
        rows.extend(page.rows.into_iter().map(|row| (row.key, row.row.to_value().unwrap())));
        match page.next {
            Some(token) => query = query.after(token),
            None => return Ok(rows),
        }
    }
}

/// S01: state through a snapshot is state without one.
async fn check_snapshots(store: &Store, feed: &[RecordedEvent]) -> Result<(), Broken> {
    let plain: Repository<Account> = store.repository();
    let through = store.repository::<Account>().with_snapshots(SnapshotPolicy::every(20));
    let mut ids: Vec<_> = feed.iter().map(|event| event.header.stream.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    for stream in ids.iter().filter(|stream| stream.category() == "account") {
        let id = AccountId::new(stream.id()).unwrap();
        let load = async |accounts: &Repository<Account>| {
            accounts.load(&id).await.map_err(|error| broken("S01", error))
        };
        let (without, with) = (load(&plain).await?, load(&through).await?);
        if without.state != with.state || without.version() != with.version() {
            return Err(broken("S01", format!("{stream} is another through its snapshot")));
        }
    }
    Ok(())
}
