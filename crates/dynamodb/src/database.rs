//! The open database: clients, tables, the store's identity, and the one way in which every request is tried.
//!
//! The SDK's own retries are off. A failure that passes is tried again with full jitter ("Exponential backoff and jitter",
//! AWS Architecture Blog, 2015) until the time-out; whether an attempt may have written is kept with what it comes to.

use std::future::Future;
use std::time::Duration;

use annals_core::{StoreId, Timestamp};
use annals_ports::StoreError;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::{Credentials, SharedHttpClient, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::types::TableDescription;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_types::retry::RetryConfig;
use tokio::time::{Instant, sleep, timeout};

use crate::fault::{Fault, Kind};
use crate::meter::Meter;
use crate::options::DynamoOptions;
use crate::store_item::{self, Shape};
use crate::tables::{self, Table};

/// The first pause before a request is tried again is at most so long; each later one at most twice as long.
const PAUSE: Duration = Duration::from_millis(25);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// An open store's tables.
pub(crate) struct Database {
    pub(crate) id: StoreId,
    pub(crate) options: DynamoOptions,
    pub(crate) shape: Shape,
    /// The ARN of the events table's stream.
    pub(crate) stream: String,
    pub(crate) dynamo: aws_sdk_dynamodb::Client,
    pub(crate) streams: aws_sdk_dynamodbstreams::Client,
    pub(crate) meter: Meter,
    /// What a test puts in the way of writes.
    #[cfg(test)]
    pub(crate) trap: crate::trap::Trap,
}

impl Database {
    pub(crate) async fn open(options: DynamoOptions) -> Result<Self, StoreError> {
        let doing = format!("opening {}", options.location());
        let config = config(&options).await;
        if config.region().is_none() {
            let reason = "no region is known; add ?region=… to the URL, or set AWS_REGION".to_owned();
            return Err(StoreError::Refused { doing, reason });
        }
        let mut database = Self {
            id: StoreId::from_bytes([0; 16]),
            shape: Shape::of(&options),
            stream: String::new(),
            dynamo: aws_sdk_dynamodb::Client::new(&config),
            streams: aws_sdk_dynamodbstreams::Client::new(&config),
            meter: Meter::default(),
            #[cfg(test)]
            trap: crate::trap::Trap::default(),
            options,
        };
        let opened = async {
            database.stream = tables::prepare(&database).await?;
            (database.id, database.shape) = store_item::find_or_make(&database).await?;
            Ok::<_, Fault>(())
        };
        match opened.await {
            Ok(()) => Ok(database),
            Err(fault) => Err(fault.told(&doing, &database.options)),
        }
    }

    /// A table's name.
    pub(crate) fn name(&self, table: Table) -> String {
        format!("{}-{}", self.options.prefix(), table.suffix())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// A table as it stands.
    pub(crate) async fn describe(&self, table: Table) -> Result<TableDescription, Fault> {
        let name = self.name(table);
        let found = self
            .retrying("DescribeTable", || async {
                let asked = self.dynamo.describe_table().table_name(&name).send().await;
                asked.map_err(|error| Fault::of(&error))
            })
            .await;
        match found {
            Ok(described) => described.table.ok_or_else(|| Fault::damaged("a table without a description")),
            Err(fault) if fault.kind == Kind::Missing => {
                Err(Fault { detail: format!("there is no table {name}: {}", fault.detail), ..fault })
            }
            Err(fault) => Err(fault),
        }
    }

    /// Tries a request until it is answered, fails for good, or the time is over.
    pub(crate) async fn retrying<T, F>(
        &self,
        request: &'static str,
        attempt: impl Fn() -> F + Send,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let begun = Instant::now();
        let mut pause = PAUSE;
        let mut maybe_written = false;
        loop {
            #[cfg(test)]
            self.trap.before(request).await?;
            let left = self.options.timeout.saturating_sub(begun.elapsed());
            let answered = timeout(left.min(self.options.attempt_timeout), attempt()).await;
            self.meter.asked(request);
            #[cfg(test)]
            let answered = self.trap.after(request, answered);
            let fault = match answered {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::new(Kind::NoAnswer, "no answer within the time-out"),
            };
            let fault = Fault { maybe_written: maybe_written || fault.maybe_written, ..fault };
            if !fault.is_passing() {
                return Err(fault);
            }
            maybe_written |= matches!(fault.kind, Kind::Lost | Kind::NoAnswer);
            let drawn = pause.mul_f64(fastrand::f64());
            if begun.elapsed() + drawn >= self.options.timeout {
                return Err(Fault { maybe_written, ..fault });
            }
            sleep(drawn).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

async fn config(options: &DynamoOptions) -> aws_config::SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(options))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = &options.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if options.is_local() {
        if options.region.is_none() && std::env::var_os("AWS_REGION").is_none() {
            loader = loader.region(Region::new("local"));
        }
        if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
            loader = loader.credentials_provider(Credentials::new("local", "local", None, None, "annals"));
        }
    }
    loader.load().await
}

fn http_client(options: &DynamoOptions) -> SharedHttpClient {
    if options.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")) {
        return Builder::new().build_http();
    }
    Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https()
}
