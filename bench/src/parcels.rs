//! A parcel service, whose events are flat and of a dozen fields: for figures that should show the store rather than a
//! domain's checks.

use annals::ports::{Append, Commit, Expectation, NewEvent};
use annals::{CommitId, DomainEvent, Metadata, Store, StreamId};
use futures::future::join_all;

use crate::bench::Outcome;

/// Events of a parcel.
const SCANS: u64 = 10;
/// Parcels of a commit.
const PARCELS: u64 = 5;
/// Commits in flight at once.
const AT_ONCE: u64 = 40;

/// What happens to a parcel.
#[derive(Clone, Debug, DomainEvent)]
#[event(category = "parcel", prefix = "Parcel")]
pub(crate) enum ParcelEvent {
    /// It passed a scanner.
    Scanned {
        depot: String,
        lane: u32,
        scanner: String,
        service: String,
        weight_grams: u32,
        length_mm: u32,
        width_mm: u32,
        height_mm: u32,
        damaged: bool,
        next_depot: String,
        due_at: u64,
        latitude: f64,
        longitude: f64,
    },
}

/// Records so many events, or a few more.
pub(crate) async fn fill(store: &Store, events: u64) -> Outcome {
    let commits = events.div_ceil(SCANS * PARCELS);
    for first in (0..commits).step_by(usize::try_from(AT_ONCE)?) {
        let commits: Vec<_> = (first..first + AT_ONCE).map(commit_of).collect::<Outcome<_>>()?;
        let adapter = store.adapter();
        for receipt in join_all(commits.into_iter().map(|commit| adapter.events.commit(commit))).await {
            receipt?;
        }
    }
    Ok(())
}

fn commit_of(number: u64) -> Outcome<Commit> {
    let mut appends = Vec::new();
    for parcel in number * PARCELS..(number + 1) * PARCELS {
        let events = (0..SCANS).map(|scan| scanned(parcel, scan)).collect::<Outcome<_>>()?;
        let stream = StreamId::new("parcel", &format!("p{parcel:09}"))?;
        appends.push(Append::new(stream, Expectation::NoStream, events));
    }
    Ok(Commit::new(CommitId::new(), appends)?)
}

fn scanned(parcel: u64, scan: u64) -> Outcome<NewEvent> {
    let small = |number: u64| u32::try_from(number % 2_000).unwrap_or(0);
    let event = ParcelEvent::Scanned {
        depot: format!("depot-{:03}", (parcel + scan) % 400),
        lane: small(parcel + scan) % 40,
        scanner: format!("scanner-{:05}", (parcel * 7 + scan) % 9_000),
        service: "next day".to_owned(),
        weight_grams: 200 + small(parcel * 13),
        length_mm: 100 + small(parcel * 3),
        width_mm: 80 + small(parcel * 5),
        height_mm: 20 + small(parcel * 11),
        damaged: parcel.is_multiple_of(97),
        next_depot: format!("depot-{:03}", (parcel + scan + 1) % 400),
        due_at: 1_772_409_600 + parcel * 60,
        latitude: 48.0 + f64::from(small(parcel)) / 1_000.0,
        longitude: 2.0 + f64::from(small(parcel + scan)) / 1_000.0,
    };
    let metadata = Metadata::correlated(format!("scan-{parcel:09}-{scan}"))
        .by(format!("operator-{:04}", parcel % 3_000));
    Ok(NewEvent::encode(&event, &metadata)?)
}
