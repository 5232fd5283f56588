//! Checking history with the code that reads it: every stream against its digests, the feed against the streams, every
//! event through its decoder, every snapshot against the state that history makes.
//!
//! Reads only, page by page, and may run while others write: what is added meanwhile is no fault. Memory grows by about
//! a hundred bytes a stream, not with the events. What is wrong is a [`Finding`], never an error; of a stream that is
//! damaged the first fault is told, and what comes after it is not judged.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use annals_core::{Decoded, RecordedEvent, StreamHead, StreamId, Version};
use annals_ports::{
    Adapter, CheckedPart, FeedQuery, FeedStart, Finding, Findings, Remedy, StoreError, VerifyError,
    verify_stream_with,
};
use tokio::task::JoinSet;

use crate::code::{Code, SnapshotVerdict, Walk};

/// Streams read at the same time.
const AT_ONCE: usize = 4;

/// Checks the history of a store.
///
/// ```
/// # use annals_application::HistoryCheck;
/// # use annals_memory::MemoryStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let adapter = MemoryStore::new().adapter();
/// let checked = HistoryCheck::new(adapter).run(&mut |_| {}).await?;
/// assert!(checked.findings.is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct HistoryCheck {
    adapter: Adapter,
    code: Arc<BTreeMap<&'static str, Code>>,
    removes_snapshots: bool,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryProgress {
    /// Events that the feed has given.
    pub events: u64,
    /// Streams checked.
    pub streams: u64,
}

/// What was checked, and what is wrong.
#[derive(Clone, Debug, Default)]
pub struct CheckedHistory {
    /// Streams read.
    pub streams: u64,
    /// Events read in them, each with its digest.
    pub events: u64,
    /// Events of these that the code decoded.
    pub decoded: u64,
    /// Events of these that the code has retired.
    pub retired: u64,
    /// Snapshots compared with the states that history makes.
    pub snapshots: u64,
    /// Snapshots of another state schema, which the next load replaces (law S02).
    pub snapshots_outdated: u64,
    /// Snapshots that were not sound and were removed.
    pub snapshots_removed: u64,
    /// What is wrong.
    pub findings: Findings,
}

/// What the feed gave of a stream, and what the stream holds.
struct Seen {
    /// The last version that the feed gave.
    feed: u64,
    /// How many events the stream held when it was read; none when it is damaged.
    held: Option<u64>,
    /// Whether the feed was found to leave something out.
    is_told: bool,
}

/// What was found in one stream.
#[derive(Default)]
struct OfStream {
    held: Option<u64>,
    events: u64,
    decoded: u64,
    retired: u64,
    snapshots: u64,
    snapshots_outdated: u64,
    snapshots_removed: u64,
    findings: Vec<Finding>,
}

impl HistoryCheck {
    /// Checks what needs no code: versions, stamps, digests, the feed, and that snapshots are of their streams.
    pub fn new(adapter: Adapter) -> Self {
        Self { adapter, code: Arc::default(), removes_snapshots: false }
    }

    /// The same, and that events decode and snapshots hold their streams' states, by the code of each category. An
    /// event of a category without code is a finding then.
    #[must_use]
    pub fn with_code(self, code: impl IntoIterator<Item = Code>) -> Self {
        let code = code.into_iter().map(|code| (code.category(), code)).collect();
        Self { code: Arc::new(code), ..self }
    }

    /// The same, and each snapshot that is not sound is removed; the next load writes another.
    #[must_use]
    pub fn removing_snapshots(self) -> Self {
        Self { removes_snapshots: true, ..self }
    }

    /// Checks everything; `on_progress` is told after every page of the feed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn run(
        &self,
        on_progress: &mut (dyn FnMut(HistoryProgress) + Send),
    ) -> Result<CheckedHistory, StoreError> {
        let mut checked = CheckedHistory::default();
        let mut seen = HashMap::<StreamId, Seen>::new();
        let mut unknown = BTreeMap::<String, u64>::new();
        let mut progress = HistoryProgress::default();
        let mut position = self.adapter.feed.start(FeedStart::Beginning).await?;
        // Streams grow while they are read: the feed is read to its end once more after the last of them.
        let mut is_last_look = false;
        loop {
            let page = match self.adapter.feed.next(&FeedQuery::all(), &position, Duration::ZERO).await {
                Ok(page) => page,
                Err(StoreError::Damaged { doing, detail }) => {
                    let problem = format!("{doing}: {detail}; what comes after it was not checked");
                    checked.findings.add(damage(CheckedPart::Feed, problem));
                    break;
                }
                Err(error) => return Err(error),
            };
            if is_last_look {
                // What began meanwhile is for the next check.
                let known = page.events.iter().filter(|event| seen.contains_key(&event.header.stream));
                let known: Vec<_> = known.cloned().collect();
                self.follow(&known, &mut seen, &mut BTreeMap::new(), &mut checked.findings);
                if page.at_end {
                    checked.findings.append(left_out(&seen));
                    break;
                }
                position = page.next;
                continue;
            }
            progress.events += page.events.len() as u64;
            let begun = self.follow(&page.events, &mut seen, &mut unknown, &mut checked.findings);
            for (stream, found) in self.check_streams(begun).await? {
                if let Some(seen) = seen.get_mut(&stream) {
                    seen.held = found.held;
                }
                progress.streams += 1;
                checked.add(found);
            }
            on_progress(progress);
            is_last_look = page.at_end;
            position = page.next;
        }
        for (category, events) in unknown {
            let problem =
                format!("{events} events of category {category} are read by none of this program's code");
            checked.findings.add(Finding::new(CheckedPart::Events, problem, Remedy::UpdateProgram));
        }
        Ok(checked)
    }

    /// Notes a page of the feed; answers the streams that it names for the first time.
    fn follow(
        &self,
        events: &[RecordedEvent],
        seen: &mut HashMap<StreamId, Seen>,
        unknown: &mut BTreeMap<String, u64>,
        findings: &mut Findings,
    ) -> Vec<StreamId> {
        let mut begun = Vec::new();
        for event in events {
            let (stream, version) = (&event.header.stream, event.header.version.get());
            if !self.code.is_empty() && !self.code.contains_key(stream.category()) {
                match unknown.get_mut(stream.category()) {
                    Some(count) => *count += 1,
                    None => drop(unknown.insert(stream.category().to_owned(), 1)),
                }
            }
            if !seen.contains_key(stream) {
                begun.push(stream.clone());
                seen.insert(stream.clone(), Seen { feed: 0, held: None, is_told: false });
            }
            let Some(seen) = seen.get_mut(stream) else { continue };
            if version != seen.feed + 1 && !seen.is_told {
                seen.is_told = true;
                let problem = format!("the feed gives version {version} after version {}", seen.feed);
                let finding = damage(CheckedPart::Feed, problem);
                findings.add(finding.of_stream(stream).at(Version::new(seen.feed + 1)));
            }
            seen.feed = version;
        }
        begun
    }

    async fn check_streams(&self, streams: Vec<StreamId>) -> Result<Vec<(StreamId, OfStream)>, StoreError> {
        let mut tasks = JoinSet::new();
        for part in streams.chunks(streams.len().div_ceil(AT_ONCE).max(1)) {
            let (check, part) = (self.clone(), part.to_vec());
            tasks.spawn(async move {
                let mut found = Vec::with_capacity(part.len());
                for stream in part {
                    let of_stream = check.check_stream(&stream).await?;
                    found.push((stream, of_stream));
                }
                Ok::<_, StoreError>(found)
            });
        }
        let mut all = Vec::with_capacity(streams.len());
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(found) => all.extend(found?),
                // A decoder that panicked takes its caller along.
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
        // In one order, whichever task came first.
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    async fn check_stream(&self, stream: &StreamId) -> Result<OfStream, StoreError> {
        let mut found = OfStream::default();
        // Read before the stream, so that it cannot be ahead of what is read.
        let mut snapshot = match self.adapter.snapshots.latest(stream).await {
            Ok(snapshot) => snapshot,
            Err(StoreError::Damaged { detail, .. }) => {
                let problem = format!("its snapshot cannot be read: {detail}");
                let finding = Finding::new(CheckedPart::Snapshots, problem, Remedy::RemoveSnapshot);
                found.findings.push(finding.of_stream(stream));
                None
            }
            Err(error) => return Err(error),
        };
        let kept = snapshot.as_ref().map(|snapshot| *snapshot.head());
        let mut walk = self.code.get(stream.category()).map(Code::walk);
        let verdict = verify_stream_with(self.adapter.events.as_ref(), stream, |event| {
            found.events += 1;
            found.read(event, walk.as_deref_mut());
            if let Some(there) = snapshot.take_if(|there| there.head().version == event.header.version) {
                // S03: its last event is the stream's.
                let verdict = if *there.head() == StreamHead::of(&event.header) {
                    walk.as_ref().map_or(SnapshotVerdict::Sound, |walk| walk.judge(&there))
                } else {
                    SnapshotVerdict::Unsound("its last event is not the stream's at that version".to_owned())
                };
                found.judge(stream, there.head().version, verdict);
            }
        })
        .await;
        match verdict {
            Ok(verdict) => {
                found.held = Some(StreamHead::version_of(verdict.head.as_ref()).get());
                if let Some(head) = kept.filter(|_| snapshot.is_some()) {
                    let verdict = SnapshotVerdict::Unsound("it is beyond the stream's head".to_owned());
                    found.judge(stream, head.version, verdict);
                }
            }
            Err(VerifyError::Store(StoreError::Damaged { doing, detail })) => {
                let finding = damage(CheckedPart::Streams, format!("{doing}: {detail}"));
                found.findings.push(finding.of_stream(stream));
            }
            Err(VerifyError::Store(error)) => return Err(error),
            Err(error) => found.findings.push(of_fault(stream, &error)),
        }
        if self.removes_snapshots && found.findings.iter().any(|f| f.part == CheckedPart::Snapshots) {
            self.adapter.snapshots.remove(stream).await?;
            found.snapshots_removed = 1;
            found.findings.retain(|finding| finding.part != CheckedPart::Snapshots);
        }
        Ok(found)
    }
}

impl OfStream {
    /// E03: an event that the code does not read is told by name.
    fn read(&mut self, event: &RecordedEvent, walk: Option<&mut (dyn Walk + 'static)>) {
        match walk.map(|walk| walk.next(event)) {
            None => {}
            Some(Ok(Decoded::Event(()))) => self.decoded += 1,
            Some(Ok(Decoded::Retired)) => self.retired += 1,
            Some(Err(error)) => {
                let header = &event.header;
                let problem = format!(
                    "{} v{} cannot be decoded: {}",
                    header.event_type, header.schema_version, error.reason
                );
                let finding = Finding::new(CheckedPart::Events, problem, Remedy::UpdateProgram);
                self.findings.push(finding.of_stream(&header.stream).at(header.version));
            }
        }
    }

    fn judge(&mut self, stream: &StreamId, version: Version, verdict: SnapshotVerdict) {
        self.snapshots += 1;
        match verdict {
            SnapshotVerdict::Sound => {}
            SnapshotVerdict::Outdated => self.snapshots_outdated += 1,
            SnapshotVerdict::Unsound(problem) => {
                let finding = Finding::new(CheckedPart::Snapshots, problem, Remedy::RemoveSnapshot);
                self.findings.push(finding.of_stream(stream).at(version));
            }
        }
    }
}

impl CheckedHistory {
    fn add(&mut self, found: OfStream) {
        self.streams += 1;
        self.events += found.events;
        self.decoded += found.decoded;
        self.retired += found.retired;
        self.snapshots += found.snapshots;
        self.snapshots_outdated += found.snapshots_outdated;
        self.snapshots_removed += found.snapshots_removed;
        for finding in found.findings {
            self.findings.add(finding);
        }
    }
}

/// F01: streams of which the feed, read after them, gave less than they held.
fn left_out(seen: &HashMap<StreamId, Seen>) -> Findings {
    let mut less: Vec<_> = seen
        .iter()
        .filter(|(_, seen)| !seen.is_told)
        .filter_map(|(stream, seen)| Some((stream, seen.feed, seen.held.filter(|held| *held > seen.feed)?)))
        .collect();
    less.sort_unstable();
    let mut findings = Findings::new();
    for (stream, feed, held) in less {
        let problem = format!("the feed ends at version {feed} of the stream, which has {held}");
        let finding = damage(CheckedPart::Feed, problem);
        findings.add(finding.of_stream(stream).at(Version::new(feed + 1)));
    }
    findings
}

fn damage(part: CheckedPart, problem: String) -> Finding {
    Finding::new(part, problem, Remedy::RestoreBackup)
}

fn of_fault(stream: &StreamId, fault: &VerifyError) -> Finding {
    match fault {
        VerifyError::NotDense { expected, found, .. } => {
            let problem = format!("it is missing: version {found} stands in its place");
            damage(CheckedPart::Streams, problem).of_stream(stream).at(*expected)
        }
        VerifyError::StampsFall { version, .. } => {
            let problem = "it was recorded before its predecessor".to_owned();
            damage(CheckedPart::Streams, problem).of_stream(stream).at(*version)
        }
        VerifyError::Digest(mismatch) => {
            let problem =
                "it, or one before it, was changed after it was recorded: its digest does not follow";
            let finding = damage(CheckedPart::Digests, problem.to_owned()).of_stream(stream);
            match mismatch {
                annals_core::DigestMismatch::Changed { version, .. }
                | annals_core::DigestMismatch::Unreadable { version, .. } => finding.at(*version),
                _ => finding,
            }
        }
        fault => damage(CheckedPart::Streams, fault.to_string()).of_stream(stream),
    }
}
