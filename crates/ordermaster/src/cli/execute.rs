//! Carrying a command out and telling what happened; the same for every aggregate.

use annals::{Aggregate, DomainEvent, Repository, StreamId, Timestamp, Value, Version};
use serde::Serialize;

use super::{AppError, Session};
use crate::queries::streams::payload_of;

/// What a command did, as it is printed.
#[derive(Debug, Serialize)]
struct Done {
    stream: StreamId,
    id: String,
    version: Version,
    /// Nothing was to be changed, so nothing was written (law C02).
    unchanged: bool,
    recorded_at: Option<Timestamp>,
    events: Vec<Happened>,
}

#[derive(Debug, Serialize)]
struct Happened {
    event: &'static str,
    payload: Value,
}

/// Carries `command` out on the aggregate `id`, and prints what happened.
///
/// # Errors
/// The refusal, or what kept the command from being carried out.
pub(super) async fn execute<A: Aggregate>(
    session: &mut Session,
    repository: &Repository<A>,
    id: &A::Id,
    command: &A::Command,
) -> Result<(), AppError> {
    let stream = repository.stream_of(id).map_err(AppError::argument)?;
    let executed = repository
        .execute(id, command, session.metadata())
        .await
        .map_err(|error| AppError::of_command(stream.clone(), error))?;
    let events = executed
        .events
        .iter()
        .map(|event| Ok(Happened { event: event.kind().name, payload: payload_of(event, &stream)? }));
    let done = Done {
        id: id.to_string(),
        version: executed.version,
        unchanged: executed.is_unchanged(),
        recorded_at: executed.receipt.as_ref().and_then(annals::ports::Receipt::recorded_at),
        events: events.collect::<Result<_, AppError>>()?,
        stream,
    };
    session.output.document(&done, || {
        let names: Vec<_> = done.events.iter().map(|happened| happened.event).collect();
        let what = if done.unchanged { "nothing to change".to_owned() } else { names.join(", ") };
        format!("{} is at version {}: {what}", done.stream, done.version)
    })
}
