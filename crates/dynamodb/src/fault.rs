//! What DynamoDB says when it fails, and what that means at a port (laws E01, E02 and E04).
//!
//! A [`Fault`] is what one call came to after its retries. Nothing that was sent with a request is shown, since a
//! signature is part of it.

use std::error::Error;
use std::fmt::Write as _;

use annals_ports::{CommitError, Effect, StoreError};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::CancellationReason;

use crate::item::Item;
use crate::options::DynamoOptions;
use crate::store_item::SCHEMA_VERSION;

/// A failure of the service, of the line to it, or of what stands in it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    /// Whether an attempt before the last one may have had its effect.
    pub(crate) maybe_written: bool,
    /// What stands where a condition did not hold: of each item of the call, in its order.
    pub(crate) standing: Vec<Standing>,
}

/// What a call's condition found at one of its items.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// The condition held, or was not looked at.
    Passed,
    /// It did not hold: there is no such item.
    Missing,
    /// It did not hold: this item stands there.
    Found(Box<Item>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The service was not reached: nothing was sent.
    Unreached,
    /// The line was cut, or the service failed inside, with a request under way.
    Lost,
    /// No answer came within the time-out.
    NoAnswer,
    /// Too much was asked at once.
    Throttled,
    /// A transaction of somebody else was at the same items.
    Contended,
    /// A condition did not hold; nothing was written.
    Condition,
    /// A table, or what was to be found in it, is missing.
    Missing,
    /// The records asked for are no longer kept.
    Trimmed,
    /// A place in the stream is too old to go on from; a new one can be had.
    Expired,
    Damaged,
    NotAStore,
    /// The store was written by a newer release, with a schema of this version.
    Newer(u32),
    Refused,
}

impl Fault {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), maybe_written: false, standing: Vec::new() }
    }

    /// What stands in the store is not what was put there.
    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, detail)
    }

    /// Something that trying again will not change.
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::new(Kind::Refused, detail)
    }

    /// The store has a schema of a version that this release does not know.
    pub(crate) fn newer(version: u32) -> Self {
        Self::new(Kind::Newer(version), format!("the store has schema version {version}"))
    }

    /// A condition that did not hold.
    pub(crate) fn condition(standing: Vec<Standing>) -> Self {
        Self { standing, ..Self::new(Kind::Condition, "a condition did not hold") }
    }

    /// What stands at the call's item in this place.
    pub(crate) fn found(&self, place: usize) -> Option<&Item> {
        match self.standing.get(place) {
            Some(Standing::Found(item)) => Some(item),
            _ => None,
        }
    }

    /// Whether a call that failed so may have had its effect.
    pub(crate) fn effect(&self) -> Effect {
        match self.kind {
            // What a condition found, it found at the end.
            Kind::Condition => Effect::NotWritten,
            Kind::Lost | Kind::NoAnswer => Effect::Unknown,
            _ if self.maybe_written => Effect::Unknown,
            _ => Effect::NotWritten,
        }
    }

    /// Whether the same may succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.kind, Kind::Unreached | Kind::Lost | Kind::NoAnswer | Kind::Throttled | Kind::Contended)
    }

    /// The fault as the port's error, for a caller who was `doing` something.
    pub(crate) fn told(&self, doing: &str, options: &DynamoOptions) -> StoreError {
        let doing = doing.to_owned();
        match self.kind {
            Kind::Unreached | Kind::Lost | Kind::Throttled | Kind::Contended | Kind::Expired => {
                StoreError::Unavailable { doing, source: Box::new(self.clone()) }
            }
            Kind::NoAnswer => StoreError::TimedOut { doing, after: options.timeout },
            Kind::Damaged => {
                StoreError::Damaged { doing, detail: format!("{}: {}", options.location(), self.detail) }
            }
            Kind::Newer(found) => {
                StoreError::NewerSchema { what: options.location(), found, supported: SCHEMA_VERSION }
            }
            Kind::NotAStore | Kind::Missing => {
                StoreError::NotAStore { what: options.location(), detail: self.detail.clone() }
            }
            Kind::Trimmed | Kind::Condition | Kind::Refused => {
                StoreError::Refused { doing, reason: self.detail.clone() }
            }
        }
    }

    /// The same for a commit, with what it left behind.
    pub(crate) fn told_of_commit(&self, doing: &str, options: &DynamoOptions) -> CommitError {
        CommitError::Store { effect: self.effect(), source: self.told(doing, options) }
    }

    /// What the SDK says.
    pub(crate) fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        match error {
            SdkError::TimeoutError(_) => Self::new(Kind::NoAnswer, "no answer within the time-out"),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) if connector.is_timeout() && !was_connecting(connector) => {
                    Self::new(Kind::NoAnswer, "no answer within the time-out")
                }
                Some(connector) if was_connecting(connector) => Self::new(Kind::Unreached, chain(connector)),
                Some(connector) => {
                    let detail = chain(connector);
                    let was_sent = !connector.is_user() && unsent(&detail).is_none();
                    // A line that is cut within an answer is neither I/O nor a time-out to the HTTP client.
                    if was_sent { Self::new(Kind::Lost, detail) } else { of_sending(&detail) }
                }
                None => Self::new(Kind::Lost, "the request was not answered"),
            },
            SdkError::ConstructionFailure(_) => of_sending(&chain(error)),
            SdkError::ServiceError(answer) => {
                let told = answer.err();
                of_service(told.code().unwrap_or_default(), told.message().unwrap_or_default())
            }
            // A proxy's page, or half of an answer.
            _ => Self::new(Kind::Lost, format!("the answer is not DynamoDB's: {}", chain(error))),
        }
    }
}

/// The reasons for which a transaction was cancelled, in the order of its items.
pub(crate) fn of_cancellation(reasons: &[CancellationReason]) -> Fault {
    let codes = || reasons.iter().map(|reason| reason.code().unwrap_or_default());
    if codes().any(|code| code == "ConditionalCheckFailed") {
        let standing = |reason: &CancellationReason| match (reason.code(), &reason.item) {
            (Some("ConditionalCheckFailed"), Some(item)) if !item.is_empty() => {
                Standing::Found(Box::new(item.clone()))
            }
            (Some("ConditionalCheckFailed"), _) => Standing::Missing,
            _ => Standing::Passed,
        };
        return Fault::condition(reasons.iter().map(standing).collect());
    }
    let first = reasons.iter().find(|reason| !matches!(reason.code(), None | Some("None")));
    let (code, message) = first.map_or(("TransactionConflict", ""), |reason| {
        (reason.code().unwrap_or_default(), reason.message().unwrap_or_default())
    });
    of_service(code, message)
}

/// What the service said, by its code ("Error handling with DynamoDB" in Amazon's developer guide).
fn of_service(code: &str, message: &str) -> Fault {
    let kind = match code {
        "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "ThrottlingException"
        | "ThrottlingError"
        | "Throttling"
        | "RequestLimitExceeded"
        | "LimitExceededException" => Kind::Throttled,
        "TransactionConflictException"
        | "TransactionConflict"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException" => Kind::Contended,
        "ConditionalCheckFailedException" => Kind::Condition,
        "InternalServerError" | "InternalFailure" | "ServiceUnavailable" => Kind::Lost,
        "ResourceNotFoundException" | "TableNotFoundException" => Kind::Missing,
        "TrimmedDataAccessException" => Kind::Trimmed,
        "ExpiredIteratorException" => Kind::Expired,
        _ => Kind::Refused,
    };
    let mut detail =
        if message.is_empty() { code.to_owned() } else { format!("{} ({code})", shown(message)) };
    if let Some(remedy) = remedy(code, message) {
        let _ = write!(detail, "; {remedy}");
    }
    if detail.is_empty() {
        "the service gave no reason".clone_into(&mut detail);
    }
    Fault::new(kind, detail)
}

/// What a person can do about it.
fn remedy(code: &str, message: &str) -> Option<&'static str> {
    let is_of_time = message.contains("Signature expired") || message.contains("Signature not yet current");
    Some(match code {
        "InvalidSignatureException" | "SignatureDoesNotMatch" if is_of_time => "set this machine's clock",
        "RequestTimeTooSkewed" => "set this machine's clock",
        "AccessDeniedException" => "allow this action to the role, as docs/dynamodb-iam.json does",
        "UnrecognizedClientException" | "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            "check the access key and its secret, and that the region is theirs"
        }
        "ExpiredTokenException" | "ExpiredToken" => "sign in again: the credentials have run out",
        "MissingAuthenticationTokenException" | "IncompleteSignature" => {
            "give credentials, as the AWS command line takes them"
        }
        "ResourceNotFoundException" => {
            "check prefix and region, or open the store with the right to create its tables"
        }
        _ => return None,
    })
}

/// The service's words: one line, and of a signature nothing (E04).
fn shown(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let end = first.find("The Canonical String").or_else(|| first.find("Credential=")).unwrap_or(first.len());
    first[..end].trim_end().chars().filter(|character| !character.is_control()).collect()
}

/// A request that was never sent: its causes are the caller's, most often that there are no credentials.
fn of_sending(detail: &str) -> Fault {
    Fault::refused(unsent(detail).unwrap_or(detail))
}

/// What is missing for a request to be sent, where that is told.
fn unsent(detail: &str) -> Option<&'static str> {
    if detail.contains("credential") || detail.contains("identity") {
        return Some(
            "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run where a \
             role gives them",
        );
    }
    let is_of_region = detail.contains("region") || detail.contains("Region");
    is_of_region.then_some("no region is known; add ?region=… to the URL, or set AWS_REGION")
}

/// Whether the failure came before a connection stood: the HTTP client says so in its words alone.
fn was_connecting(error: &(dyn Error + 'static)) -> bool {
    let text = chain(error);
    text.contains("(Connect)") || text.contains("tcp connect error") || text.contains("HTTP connect")
}

/// An error with its causes, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_meaning_and_its_remedy() {
        for (code, message, kind, said) in [
            ("ThrottlingException", "Rate exceeded", Kind::Throttled, "Rate exceeded (ThrottlingException)"),
            ("TransactionConflictException", "", Kind::Contended, "TransactionConflictException"),
            (
                "InvalidSignatureException",
                "Signature expired: 1 is now earlier than 2\nThe Canonical String … AKIA",
                Kind::Refused,
                "Signature expired: 1 is now earlier than 2 (InvalidSignatureException); set this machine's clock",
            ),
            (
                "AccessDeniedException",
                "User: x is not authorized to perform: dynamodb:PutItem",
                Kind::Refused,
                "User: x is not authorized to perform: dynamodb:PutItem (AccessDeniedException); allow this action to \
                 the role, as docs/dynamodb-iam.json does",
            ),
        ] {
            let fault = of_service(code, message);
            assert_eq!((fault.kind, fault.detail.as_str()), (kind, said));
        }
    }

    #[test]
    fn a_condition_counts_more_than_a_conflict() {
        let reason = |code: &str| CancellationReason::builder().code(code).build();
        let both = [reason("TransactionConflict"), reason("ConditionalCheckFailed"), reason("None")];
        let fault = of_cancellation(&both);
        assert_eq!(fault.kind, Kind::Condition);
        assert_eq!(fault.standing, [Standing::Passed, Standing::Missing, Standing::Passed]);
        assert_eq!(of_cancellation(&both[..1]).kind, Kind::Contended);
    }
}
