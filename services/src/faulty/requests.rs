//! A request to DynamoDB, and which requests are meant.

use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

/// A set of requests: all, those for an operation, those whose body holds certain bytes.
///
/// ```
/// use annals_services::Requests;
///
/// let all = Requests::all();
/// let puts = Requests::to("PutItem");
/// let puts_of_one_table = Requests::to("PutItem").with("orders-feed");
/// # let _ = (all, puts, puts_of_one_table);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    operation: Option<String>,
    needle: Vec<u8>,
}

impl Requests {
    /// All.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those for this operation, of DynamoDB or of its streams: `PutItem`, `GetRecords`.
    pub fn to(operation: &str) -> Self {
        Self { operation: Some(operation.to_owned()), needle: Vec::new() }
    }

    /// Of these the ones whose body holds these bytes.
    #[must_use]
    pub fn with(self, needle: impl Into<Vec<u8>>) -> Self {
        Self { needle: needle.into(), ..self }
    }

    pub(super) fn hold(&self, request: &Request) -> bool {
        self.operation.as_ref().is_none_or(|operation| *operation == request.operation)
            && request.holds(&self.needle)
    }
}

impl From<&str> for Requests {
    fn from(operation: &str) -> Self {
        Self::to(operation)
    }
}

/// A request that has arrived.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) head: Parts,
    pub(super) body: Bytes,
    /// `PutItem`; empty when the request is none of DynamoDB's.
    pub(super) operation: String,
}

impl Request {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
        Self { head, body, operation }
    }

    pub(super) fn holds(&self, needle: &[u8]) -> bool {
        needle.is_empty() || self.body.windows(needle.len()).any(|window| window == needle)
    }

    /// What it says; null when that is no JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The same request with another body.
    pub(super) fn saying(mut self, body: &Value) -> Self {
        self.body = body.to_string().into();
        self
    }
}
