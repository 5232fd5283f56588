//! Replay: history handed to a closure, event by event, without a view.
//!
//! For reports, exports and questions asked once. Holds no lease, keeps no checkpoint, changes nothing.

use annals_core::{Category, Decoded, EventSet, Recorded, RecordedEvent, StreamId, Timestamp};
use annals_ports::{Adapter, FeedPosition, FeedQuery, FeedStart, ReadRange};

use crate::ProjectionError;
use crate::ahead::Ahead;

/// How far a replay has come, or came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Events handed over; retired ones are not.
    pub events: u64,
    /// When the first of them was recorded.
    pub first_recorded_at: Option<Timestamp>,
    /// When the last of them was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// The position after the last event read; none for a single stream.
    pub position: Option<FeedPosition>,
}

/// Hands every event of the set's categories to `handle`, in feed order, from `from` to the end of the feed as it is
/// when it is reached. `on_progress` is told after every page.
///
/// From a time on, it is the events recorded at that instant or later, no others.
///
/// # Errors
/// When the store fails, or an event cannot be decoded (law E03).
pub async fn replay<E: EventSet>(
    adapter: &Adapter,
    from: FeedStart,
    mut handle: impl FnMut(&Recorded<E>) + Send,
    mut on_progress: impl FnMut(&ReplayReport) + Send,
) -> Result<ReplayReport, ProjectionError> {
    let categories = E::categories().into_iter().map(Category::new).collect::<Result<_, _>>()?;
    let query = FeedQuery::categories(categories);
    let since = match from {
        FeedStart::Time(instant) => instant,
        FeedStart::Beginning | FeedStart::End => Timestamp::MIN,
    };
    let start = adapter.feed.start(from).await?;
    let mut ahead = Ahead::begin(&adapter.feed, query, start);
    let mut report = ReplayReport::default();
    while let Some(page) = ahead.next().await {
        let page = page?;
        for recorded in page.events {
            // The feed may begin a little earlier than was asked.
            if recorded.header.recorded_at >= since {
                report.hand_over(recorded, &mut handle)?;
            }
        }
        report.position = Some(page.next);
        on_progress(&report);
    }
    Ok(report)
}

/// Hands every event of one stream to `handle`, in version order.
///
/// # Errors
/// When the store fails, or an event cannot be decoded (law E03).
pub async fn replay_stream<E: EventSet>(
    adapter: &Adapter,
    stream: &StreamId,
    mut handle: impl FnMut(&Recorded<E>) + Send,
) -> Result<ReplayReport, ProjectionError> {
    let mut report = ReplayReport::default();
    let mut next = Some(ReadRange::all());
    while let Some(range) = next {
        let page = adapter.events.read_stream(stream, range).await?;
        for recorded in page.events {
            report.hand_over(recorded, &mut handle)?;
        }
        next = page.rest;
    }
    Ok(report)
}

impl ReplayReport {
    fn hand_over<E: EventSet>(
        &mut self,
        recorded: RecordedEvent,
        handle: &mut impl FnMut(&Recorded<E>),
    ) -> Result<(), ProjectionError> {
        if let Decoded::Event(event) = E::decode(&recorded)? {
            let event = Recorded { header: recorded.header, event };
            handle(&event);
            self.events += 1;
            self.first_recorded_at.get_or_insert(event.header.recorded_at);
            self.last_recorded_at = Some(event.header.recorded_at);
        }
        Ok(())
    }
}
