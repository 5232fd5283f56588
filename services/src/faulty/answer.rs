//! What DynamoDB says when it refuses: the documented bodies, word for word where they are documented.

use hyper::StatusCode;
use serde_json::{Value, json};

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";
const SERVICE: &str = "com.amazon.coral.service";

/// A status and a body that a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// Any status and any body.
    ///
    /// # Panics
    /// When there is no such status.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        assert!(StatusCode::from_u16(status).is_ok(), "a status has three digits");
        Self { status, body: body.into() }
    }

    /// An error of DynamoDB's own: `ResourceNotFoundException` or any other.
    pub fn error(name: &str, message: &str) -> Self {
        Self::of(DYNAMODB, name, message)
    }

    fn of(namespace: &str, name: &str, message: &str) -> Self {
        Self::saying(&json!({"__type": format!("{namespace}#{name}"), "message": message}))
    }

    fn saying(body: &Value) -> Self {
        Self::new(400, body.to_string())
    }

    /// `ProvisionedThroughputExceededException`: a table or a partition has too much to do.
    pub fn throughput_exceeded() -> Self {
        Self::error(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
             provisioning level with the UpdateTable API.",
        )
    }

    /// `ThrottlingException`: the same in other words, from on-demand tables among others.
    pub fn throttled() -> Self {
        let message = "Rate of requests exceeds the allowed throughput.";
        Self::of("com.amazon.coral.availability", "ThrottlingException", message)
    }

    /// `RequestLimitExceeded`: the account's limit.
    pub fn request_limit_exceeded() -> Self {
        Self::error(
            "RequestLimitExceeded",
            "Throughput exceeds the current throughput limit for your account. Please contact AWS Support at \
             https://aws.amazon.com/support request a limit increase.",
        )
    }

    /// `LimitExceededException`: too many operations on tables at once, or too many reads of a shard.
    pub fn limit_exceeded() -> Self {
        Self::error("LimitExceededException", "Too many operations for a given subscriber.")
    }

    /// `InternalServerError`, 500.
    pub fn internal_error() -> Self {
        let answer = Self::error("InternalServerError", "Internal server error");
        Self { status: 500, ..answer }
    }

    /// `ServiceUnavailable`, 503.
    pub fn unavailable() -> Self {
        let message = "The service is currently unavailable or busy.";
        Self { status: 503, ..Self::of(SERVICE, "ServiceUnavailableException", message) }
    }

    /// `TransactionConflictException`: a transaction is at the item of a single write.
    pub fn transaction_conflict() -> Self {
        Self::error("TransactionConflictException", "Transaction is ongoing for the item")
    }

    /// `TransactionInProgressException`: the same transaction, by its token, is still being carried out.
    pub fn transaction_in_progress() -> Self {
        let message = "The transaction with the given request token is already in progress.";
        Self::error("TransactionInProgressException", message)
    }

    /// `TransactionCanceledException` with a code for each of the transaction's items, such as `TransactionConflict`;
    /// `None` for those that are not to blame.
    pub fn transaction_cancelled(codes: &[&str]) -> Self {
        let reasons: Vec<Value> = codes.iter().map(|code| reason(code)).collect();
        let list = codes.join(", ");
        let message =
            format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{list}]");
        let name = format!("{DYNAMODB}#TransactionCanceledException");
        Self::saying(&json!({"__type": name, "Message": message, "CancellationReasons": reasons}))
    }

    /// `AccessDeniedException`: the role may not do this.
    pub fn access_denied() -> Self {
        Self::of(
            SERVICE,
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/annals is not authorized to perform: dynamodb:PutItem on resource: \
             arn:aws:dynamodb:us-east-1:123456789012:table/annals because no identity-based policy allows the \
             dynamodb:PutItem action",
        )
    }

    /// `UnrecognizedClientException`: there is no such key, or the secret belongs to none.
    pub fn unrecognized_client() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::of(SERVICE, "UnrecognizedClientException", message)
    }

    /// `InvalidSignatureException`: the secret is another.
    pub fn wrong_signature() -> Self {
        Self::of(
            SERVICE,
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    }

    /// `InvalidSignatureException`: this machine's clock is wrong.
    pub fn signature_expired() -> Self {
        Self::of(
            SERVICE,
            "InvalidSignatureException",
            "Signature expired: 20261127T080000Z is now earlier than 20261127T083000Z (20261127T084500Z - 15 min.)",
        )
    }

    /// `ExpiredTokenException`: the session's credentials are too old.
    pub fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::of(SERVICE, "ExpiredTokenException", message)
    }

    /// `MissingAuthenticationTokenException`: the request was not signed.
    pub fn missing_token() -> Self {
        let message = "Request is missing Authentication Token";
        Self::of(SERVICE, "MissingAuthenticationTokenException", message)
    }

    /// `ResourceNotFoundException`: there is no such table, index or stream.
    pub fn resource_not_found() -> Self {
        Self::error("ResourceNotFoundException", "Requested resource not found")
    }

    /// `ResourceInUseException`: the table is there already, or being made or changed.
    pub fn resource_in_use() -> Self {
        Self::error("ResourceInUseException", "The table is in use")
    }

    /// `ItemCollectionSizeLimitExceededException`: a collection has outgrown its 10 GB.
    pub fn collection_too_large() -> Self {
        Self::error("ItemCollectionSizeLimitExceededException", "Collection size exceeded.")
    }

    /// `ValidationException`, with what is wrong.
    pub fn invalid(message: &str) -> Self {
        Self::of("com.amazon.coral.validate", "ValidationException", message)
    }

    /// `TrimmedDataAccessException`: what the iterator points at is older than 24 hours, and gone.
    pub fn trimmed() -> Self {
        Self::error(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard.",
        )
    }

    /// `ExpiredIteratorException`: the iterator is older than 15 minutes.
    pub fn expired_iterator() -> Self {
        Self::error("ExpiredIteratorException", "The shard iterator has expired and can no longer be used.")
    }
}

fn reason(code: &str) -> Value {
    let message = match code {
        "None" => return json!({"Code": code}),
        "TransactionConflict" => "Transaction is ongoing for the item",
        "ConditionalCheckFailed" => "The conditional request failed",
        "ProvisionedThroughputExceeded" => {
            "The level of configured provisioned throughput for one or more global secondary indexes of the table was \
             exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes \
             with the UpdateTable API"
        }
        "ThrottlingError" => {
            "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your \
             table or index so please try again shortly."
        }
        _ => "",
    };
    json!({"Code": code, "Message": message})
}
