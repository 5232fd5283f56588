//! Whether the feed is the history: every event in it, once, under its id, and each stream's in version order (F01, F02).

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use annals_core::{EventId, StreamId, Version};
use annals_ports::{CheckedPart, Finding, Findings, Remedy};
use tokio::time::{Instant, sleep};

use crate::bodies;
use crate::fault::Fault;
use crate::item::Attributes;
use crate::read::Freshness;
use crate::recovery::each_event;
use crate::tables::Table;
use crate::tail::Tail;

/// What history has of a stream.
#[derive(Default)]
struct Told {
    last: Version,
    count: u64,
    /// Of all its events' versions and ids.
    mark: u64,
}

/// What the feed has of it.
#[derive(Default)]
struct Fed {
    last: Version,
    /// Of the events up to the last one that was told.
    mark: u64,
    is_wrong: bool,
}

/// Compares the whole feed with the whole history, and tells what is wrong. Events that are committed meanwhile are none of it;
/// what was committed before is waited for as long as a request is.
pub(crate) async fn check(tail: &Tail) -> Result<Findings, Fault> {
    let mut told: HashMap<StreamId, Told> = HashMap::new();
    each_event(tail.database(), |named| {
        let stream = told.entry(named.stream).or_default();
        stream.last = stream.last.max(named.version);
        stream.count += 1;
        stream.mark ^= mark(named.version, named.id);
    })
    .await?;
    // A scan may see the later events of a transaction alone: such a stream is not judged.
    told.retain(|_, stream| stream.count == stream.last.get());

    let mut findings = Findings::new();
    let mut fed: HashMap<StreamId, Fed> = HashMap::new();
    let until = Instant::now() + tail.database().options.timeout;
    let mut next = 0;
    loop {
        tail.read_up().await?;
        let end = tail.end().batches;
        tail.log
            .each(next, end, |entry| {
                for span in &entry.batch.spans {
                    let stream = fed.entry(span.stream.clone()).or_default();
                    take(stream, told.get(&span.stream), span, &mut findings);
                }
                true
            })
            .await?;
        next = end;
        let is_there =
            |(name, stream): (&StreamId, &Told)| fed.get(name).is_some_and(|fed| fed.last >= stream.last);
        if told.iter().all(is_there) || Instant::now() >= until {
            break;
        }
        sleep(std::time::Duration::from_millis(50)).await;
    }
    for (name, stream) in &told {
        let found = fed.remove(name).unwrap_or_default();
        if found.last < stream.last {
            let problem = format!("the feed lacks its events after version {}", found.last);
            findings.add(finding(problem, Remedy::Recover).of_stream(name).at(found.last.next()));
        } else if found.mark != stream.mark && !found.is_wrong {
            let problem = "the feed names events that are not the stream's";
            findings.add(finding(problem, Remedy::RestoreBackup).of_stream(name));
        }
        // Back again for those that went on meanwhile.
        if found.last > stream.last {
            fed.insert(name.clone(), found);
        }
    }
    for (stream, version) in ahead(tail, &fed).await? {
        let problem = "the feed names an event that is not there, as after a restore of history alone";
        findings.add(finding(problem, Remedy::RestoreBackup).of_stream(&stream).at(version));
    }
    Ok(findings)
}

/// Of streams that the scan did not show as far as the feed does, those whose last event in the feed is not there.
async fn ahead(tail: &Tail, fed: &HashMap<StreamId, Fed>) -> Result<Vec<(StreamId, Version)>, Fault> {
    let keys = fed.iter().map(|(stream, fed)| bodies::key(stream, fed.last)).collect();
    let found = tail.database().batch_get(Table::Events, keys, Freshness::Consistent).await?;
    let found: HashSet<(&str, &str)> = found
        .iter()
        .filter_map(|item| {
            Some((item.maybe_text("AggregateId")?, item.get("Version")?.as_n().ok()?.as_str()))
        })
        .collect();
    let is_there =
        |(stream, fed): &(&StreamId, &Fed)| found.contains(&(stream.as_str(), &*fed.last.to_string()));
    Ok(fed.iter().filter(|fed| !is_there(fed)).map(|(stream, fed)| (stream.clone(), fed.last)).collect())
}

fn take(fed: &mut Fed, told: Option<&Told>, span: &crate::batch::Span, findings: &mut Findings) {
    for (place, id) in span.ids.iter().enumerate() {
        let version = Version::new(span.first.get() + place as u64);
        if version != fed.last.next() {
            let problem = format!("in the feed version {version} follows {}", fed.last);
            let finding = finding(problem, Remedy::RestoreBackup);
            findings.add(finding.of_stream(&span.stream).at(version));
            fed.is_wrong = true;
        }
        fed.last = version;
        if told.is_some_and(|told| version <= told.last) {
            fed.mark ^= mark(version, *id);
        }
    }
}

fn finding(problem: impl Into<String>, remedy: Remedy) -> Finding {
    Finding::new(CheckedPart::Feed, problem, remedy).in_table(Table::Feed.suffix())
}

fn mark(version: Version, id: EventId) -> u64 {
    let mut hasher = DefaultHasher::new();
    (version.get(), id.as_bytes()).hash(&mut hasher);
    hasher.finish()
}
