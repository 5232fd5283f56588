//! What can go wrong between a program and DynamoDB, by chance.

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused as too much, in one of the ways that DynamoDB has for it, and not carried out.
    Throttled,
    /// Refused since another transaction is at the same items, and not carried out: transactions and single writes.
    Conflicting,
    /// The connection is closed before the request was carried out.
    LostBefore,
    /// `InternalServerError` before the request was carried out.
    FailedBefore,
    /// The request is carried out, and the connection closed instead of the answer.
    LostAfter,
    /// `InternalServerError` for a request that was carried out.
    FailedAfter,
    /// The request is carried out and never answered; the connection is closed some time later.
    Unanswered,
    /// A part of a batch is not processed, and said to be so: `BatchGetItem`, `BatchWriteItem`.
    Partial,
    /// A page ends early: `Query`, `Scan`.
    ShortPage,
    /// The records of one answer come in another order that keeps that of each item: `GetRecords`.
    Shuffled,
    /// Some records of earlier answers come again: `GetRecords`.
    Repeated,
    /// No records come although there may be some, and the same iterator is to be used again: `GetRecords`.
    Delayed,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Throttled,
        Self::Conflicting,
        Self::LostBefore,
        Self::FailedBefore,
        Self::LostAfter,
        Self::FailedAfter,
        Self::Unanswered,
        Self::Partial,
        Self::ShortPage,
        Self::Shuffled,
        Self::Repeated,
        Self::Delayed,
    ];

    /// Whether a request for this operation can meet it.
    pub(super) fn can_strike(self, operation: &str) -> bool {
        match self {
            Self::Conflicting => matches!(
                operation,
                "TransactWriteItems" | "TransactGetItems" | "PutItem" | "UpdateItem" | "DeleteItem"
            ),
            Self::Partial => matches!(operation, "BatchGetItem" | "BatchWriteItem"),
            Self::ShortPage => matches!(operation, "Query" | "Scan"),
            Self::Shuffled | Self::Repeated | Self::Delayed => operation == "GetRecords",
            _ => true,
        }
    }
}
