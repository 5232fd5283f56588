//! `ordermaster events`: all events of the store, in the order of its feed, and those to come.

use std::time::Duration;

use annals::ports::{FeedFilter, FeedQuery, FeedStart};
use annals::{
    Aggregate, Category, DomainEvent, EventType, RecordedEvent, StreamId, Timestamp, Value, Version,
};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ordermaster_domain::{
    Account, AccountEvent, Inventory, InventoryEvent, Order, OrderEvent, Payment, PaymentEvent,
};
use serde::Serialize;

use super::arguments::{Time, at_least_one};
use super::table;
use super::{AppError, Session};

/// The longest single wait for new events; a new one ends it, and so does Ctrl-C.
const WAIT: Duration = Duration::from_secs(5);

/// Which events.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ordermaster events --type OrderPaid --since 2026-02-01
  ordermaster events --category account --json
  ordermaster events --follow --since now")]
pub(super) struct Events {
    /// Only events of this type, such as `OrderPaid`
    #[arg(long = "type", value_name = "TYPE", value_parser = event_types(), hide_possible_values = true)]
    event_type: Option<EventType>,
    /// Only events of this category
    #[arg(long, value_parser = categories())]
    category: Option<Category>,
    /// Only events recorded then or later; a day counts from its beginning
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Wait for more events, until Ctrl-C or SIGTERM
    #[arg(long)]
    follow: bool,
    /// The most events to print
    #[arg(long, value_parser = at_least_one)]
    limit: Option<usize>,
}

/// The types that the shop's events have; any other would find nothing, without a word.
fn event_types() -> impl TypedValueParser<Value = EventType> {
    let kinds = [OrderEvent::KINDS, PaymentEvent::KINDS, InventoryEvent::KINDS, AccountEvent::KINDS];
    let names = kinds.into_iter().flatten().map(|kind| kind.name);
    PossibleValuesParser::new(names.collect::<Vec<_>>()).try_map(|name| EventType::new(&name))
}

fn categories() -> impl TypedValueParser<Value = Category> {
    let names = [Order::CATEGORY, Payment::CATEGORY, Inventory::CATEGORY, Account::CATEGORY];
    PossibleValuesParser::new(names).try_map(|name| Category::new(&name))
}

#[derive(Debug, Serialize)]
struct Line {
    recorded_at: Timestamp,
    stream: StreamId,
    version: Version,
    event: String,
    schema_version: u16,
    id: annals::EventId,
    metadata: Value,
    payload: Value,
}

impl Events {
    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let since = self.since.map(Time::begin_in_the_past).transpose()?;
        let query = FeedQuery {
            filter: FeedFilter {
                categories: self.category.into_iter().collect(),
                event_types: self.event_type.into_iter().collect(),
            },
            limit: 0,
        };
        let feed = session.shop.store().adapter().feed.clone();
        let mut position = feed.start(since.map_or(FeedStart::Beginning, FeedStart::Time)).await?;
        let mut left = self.limit.unwrap_or(usize::MAX);
        let stop = session.stop.clone();
        let mut wait = Duration::ZERO;
        while left > 0 {
            let Some(page) = stop.unless_asked(feed.next(&query, &position, wait)).await else {
                // To follow is to wait for this; what was to be listed is not whole.
                return if self.follow { Ok(()) } else { Err(AppError::Interrupted) };
            };
            let page = page?;
            // A start by time may give events from shortly before it.
            let wanted = page
                .events
                .iter()
                .filter(|event| since.is_none_or(|since| since <= event.header.recorded_at));
            for event in wanted {
                if left == 0 {
                    break;
                }
                left -= 1;
                print(session, event)?;
            }
            session.output.flush()?;
            if page.at_end && !self.follow {
                break;
            }
            wait = if page.at_end { WAIT } else { Duration::ZERO };
            position = page.next;
        }
        Ok(())
    }
}

fn print(session: &mut Session, recorded: &RecordedEvent) -> Result<(), AppError> {
    let header = &recorded.header;
    let line = Line {
        recorded_at: header.recorded_at,
        stream: header.stream.clone(),
        version: header.version,
        event: header.event_type.as_str().to_owned(),
        schema_version: header.schema_version,
        id: header.id,
        metadata: header.metadata.to_value()?,
        payload: recorded.payload.to_value()?,
    };
    session.output.document(&line, || {
        let payload = table::plain(recorded.payload.as_str());
        format!("{}  {} v{}  {}  {payload}", line.recorded_at, line.stream, line.version, line.event)
    })
}
