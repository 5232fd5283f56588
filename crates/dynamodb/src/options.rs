//! How a store is opened: its tables' prefix, its region, its patience. Options come from code, or from a URL, in which what
//! is not known is refused by name. Credentials are the SDK's business; none is ever part of a URL.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use annals_ports::{Clock, StoreError, SystemClock};

const KNOWN: &str = "attempt_timeout, create, deletion_protection, endpoint, feed_parts, indexer, lease, \
     point_in_time_recovery, region, timeout, type_shards, view_shards, window (times in milliseconds)";

/// The longest name of a table is 255 characters; the longest suffix is `-snapshots`.
const PREFIX_MAX: usize = 255 - "-snapshots".len();

/// How to open a store.
///
/// ```
/// use annals_dynamodb::DynamoOptions;
///
/// let options = DynamoOptions::from_url("dynamodb://shop?region=eu-central-1")?;
/// assert_eq!(options.prefix(), "shop");
/// # Ok::<(), annals_ports::StoreError>(())
/// ```
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, by name in the URL")]
pub struct DynamoOptions {
    prefix: String,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) create: bool,
    pub(crate) indexer: bool,
    pub(crate) deletion_protection: bool,
    pub(crate) point_in_time_recovery: bool,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) lease: Duration,
    pub(crate) window: Duration,
    pub(crate) feed_parts: u32,
    pub(crate) type_shards: u32,
    pub(crate) view_shards: u32,
    #[cfg(feature = "broken")]
    pub(crate) broken: Option<crate::broken::Broken>,
}

impl DynamoOptions {
    /// The store whose tables' names begin with `prefix`: `shop` stands for `shop-events` and three more.
    ///
    /// # Errors
    /// When the prefix is not 3 to 245 letters, digits, `_`, `-` or `.`.
    pub fn new(prefix: impl Into<String>) -> Result<Self, StoreError> {
        let prefix = prefix.into();
        let is_ours = (3..=PREFIX_MAX).contains(&prefix.len())
            && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !is_ours {
            return Err(StoreError::Refused {
                doing: "naming the tables of a DynamoDB store".to_owned(),
                reason: format!("a prefix has 3 to {PREFIX_MAX} letters, digits, _, - or ."),
            });
        }
        Ok(Self {
            prefix,
            region: None,
            endpoint: None,
            clock: Arc::new(SystemClock),
            create: true,
            indexer: true,
            deletion_protection: true,
            point_in_time_recovery: true,
            timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(3),
            lease: Duration::from_secs(6),
            window: Duration::from_hours(1),
            feed_parts: 4,
            type_shards: 8,
            view_shards: 8,
            #[cfg(feature = "broken")]
            broken: None,
        })
    }

    /// Options by URL: `dynamodb://prefix?region=eu-central-1`. Parameters are named as the methods here, times in
    /// milliseconds: `?endpoint=http://localhost:8000&timeout=5000`.
    ///
    /// # Errors
    /// When it is not of this form, names an unknown parameter, or a value that does not fit.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        let refuse = |reason: String| StoreError::Refused {
            doing: "reading the URL of a DynamoDB store".to_owned(),
            reason,
        };
        let form = || refuse("write dynamodb://PREFIX?region=REGION".to_owned());
        let rest = url.strip_prefix("dynamodb://").ok_or_else(form)?;
        let (prefix, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        // E04: it may be a key.
        if prefix.contains(['@', ':']) {
            let reason = "credentials do not belong into the URL; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
            return Err(refuse(reason.to_owned()));
        }
        let mut options =
            Self::new(prefix.trim_end_matches('/')).map_err(|error| refuse(error.to_string()))?;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            options = options.with(name, value).map_err(refuse)?;
        }
        Ok(options)
    }

    fn with(self, name: &str, value: &str) -> Result<Self, String> {
        let wrong = |expected: &str| {
            format!("{name}={} is not understood; {expected} is expected", value.escape_debug())
        };
        let number = || value.parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(|| wrong("a number from 1"));
        let shards = || number().ok().filter(|n| *n < 1_000).ok_or_else(|| wrong("a number from 1 to 999"));
        let millis = || number().map(|millis| Duration::from_millis(millis.into()));
        let truth = || match value {
            "true" | "on" => Ok(true),
            "false" | "off" => Ok(false),
            _ => Err(wrong("true or false")),
        };
        match name {
            "attempt_timeout" => Ok(self.attempt_timeout(millis()?)),
            "create" => Ok(self.create(truth()?)),
            "deletion_protection" => Ok(self.deletion_protection(truth()?)),
            "endpoint" => self.endpoint(value).ok_or_else(|| wrong("http://HOST:PORT or https://HOST")),
            "feed_parts" => Ok(self.feed_parts(shards()?)),
            "indexer" => Ok(self.indexer(truth()?)),
            "lease" => Ok(self.lease(millis()?)),
            "point_in_time_recovery" => Ok(self.point_in_time_recovery(truth()?)),
            "region" if !value.is_empty() => Ok(self.region(value)),
            "region" => Err(wrong("a region's name, such as eu-central-1")),
            "timeout" => Ok(self.timeout(millis()?)),
            "type_shards" => Ok(self.type_shards(shards()?)),
            "view_shards" => Ok(self.view_shards(shards()?)),
            "window" => Ok(self.window(millis()?)),
            #[cfg(feature = "broken")]
            "broken" => crate::broken::named(self, value).ok_or_else(|| wrong("what tests switch off")),
            // E04: it may be the end of a secret.
            _ if name.contains("key") || name.contains("secret") || name.contains("token") => {
                Err("credentials do not belong into the URL".to_owned())
            }
            _ => Err(format!("the parameter {name:?} is not known; known are {KNOWN}")),
        }
    }

    /// What the tables' names begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The region; what the SDK finds (`AWS_REGION`, the profile) unless said otherwise.
    #[must_use]
    pub fn region(self, region: impl Into<String>) -> Self {
        Self { region: Some(region.into()), ..self }
    }

    /// Another endpoint than Amazon's, such as `DynamoDB` Local's `http://localhost:8000`. On a loopback address any
    /// credentials and region do, so that none are asked for there. None when it is no URL.
    #[must_use]
    pub fn endpoint(self, endpoint: &str) -> Option<Self> {
        let understood = url::Url::parse(endpoint).ok()?;
        let is_ours = matches!(understood.scheme(), "http" | "https")
            && understood.has_host()
            && understood.username().is_empty()
            && understood.password().is_none();
        is_ours.then(|| Self { endpoint: Some(endpoint.trim_end_matches('/').to_owned()), ..self })
    }

    /// Whether the endpoint is this machine, and asks for no credentials.
    pub(crate) fn is_local(&self) -> bool {
        let url = self.endpoint.as_deref().and_then(|endpoint| url::Url::parse(endpoint).ok());
        url.is_some_and(|url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        })
    }

    /// The clock that events are stamped and leases are timed by; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Whether tables that do not exist are created; yes unless said otherwise.
    #[must_use]
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// Whether this process stands ready to keep the feed; yes unless said otherwise. One process at a time does.
    #[must_use]
    pub fn indexer(self, indexer: bool) -> Self {
        Self { indexer, ..self }
    }

    /// Whether tables that are created here are protected from being deleted; yes unless said otherwise.
    #[must_use]
    pub fn deletion_protection(self, deletion_protection: bool) -> Self {
        Self { deletion_protection, ..self }
    }

    /// Whether tables that are created here can be restored to any point in time of the last 35 days; yes unless said
    /// otherwise.
    #[must_use]
    pub fn point_in_time_recovery(self, point_in_time_recovery: bool) -> Self {
        Self { point_in_time_recovery, ..self }
    }

    /// For how long a request is tried before it is answered with an error; 10 s unless said otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// For how long one attempt of a request may take; 3 s unless said otherwise.
    #[must_use]
    pub fn attempt_timeout(self, attempt_timeout: Duration) -> Self {
        Self { attempt_timeout, ..self }
    }

    /// How long the right to keep the feed lasts when its holder falls silent; 6 s unless said otherwise.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How far apart the clocks of writers may be, and how far back a new keeper of the feed looks; an hour unless said
    /// otherwise.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// Over how many partitions a new store spreads its feed; at least 1, 4 unless said otherwise.
    #[must_use]
    pub fn feed_parts(self, feed_parts: u32) -> Self {
        Self { feed_parts: feed_parts.max(1), ..self }
    }

    /// Over how many partitions a new store spreads the events of a type in the index by type; at least 1, 8 unless said
    /// otherwise.
    #[must_use]
    pub fn type_shards(self, type_shards: u32) -> Self {
        Self { type_shards: type_shards.max(1), ..self }
    }

    /// Over how many partitions a new store spreads the rows of a view, and the entries of each of its indexes; at least 1, 8
    /// unless said otherwise.
    #[must_use]
    pub fn view_shards(self, view_shards: u32) -> Self {
        Self { view_shards: view_shards.max(1), ..self }
    }

    /// Where the store is, for people.
    pub fn location(&self) -> String {
        let mut parameters = Vec::new();
        parameters.extend(self.region.as_ref().map(|region| format!("region={region}")));
        parameters.extend(self.endpoint.as_ref().map(|endpoint| format!("endpoint={endpoint}")));
        let question = if parameters.is_empty() { "" } else { "?" };
        format!("dynamodb://{}{question}{}", self.prefix, parameters.join("&"))
    }
}

impl fmt::Debug for DynamoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoOptions")
            .field("location", &self.location())
            .field("create", &self.create)
            .field("indexer", &self.indexer)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        DynamoOptions::from_url(url).expect_err("such a URL is refused").to_string()
    }

    #[test]
    fn a_url_names_prefix_region_and_endpoint() {
        let url =
            "dynamodb://shop?region=eu-central-1&endpoint=http://localhost:8000&timeout=500&indexer=off";
        let options = DynamoOptions::from_url(url).unwrap();
        assert_eq!(options.location(), "dynamodb://shop?region=eu-central-1&endpoint=http://localhost:8000");
        assert!(options.is_local() && !options.indexer);
        assert_eq!(options.timeout, Duration::from_millis(500));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name_and_no_secret_is_shown() {
        for (url, said) in [
            ("dynamodb:shop", "write dynamodb://PREFIX?region=REGION"),
            ("dynamodb://a b", "a prefix has 3 to 245 letters"),
            ("dynamodb://shop?regoin=x", "the parameter \"regoin\" is not known"),
            ("dynamodb://shop?timeout=soon", "timeout=soon is not understood; a number from 1 is expected"),
            ("dynamodb://shop?endpoint=localhost", "endpoint=localhost is not understood"),
            ("dynamodb://AKIA:topsecret@shop", "credentials do not belong into the URL"),
            ("dynamodb://shop?secret_access_key=topsecret", "credentials do not belong into the URL"),
        ] {
            let refused = refused(url);
            assert!(refused.contains(said), "{refused}");
            assert!(!refused.contains("topsecret"), "{refused}");
        }
    }
}
