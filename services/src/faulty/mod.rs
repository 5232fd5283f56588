//! An endpoint of DynamoDB that fails as the real one does, and as no local one will: by chance, by a script, on demand.
//!
//! It stands in front of a real endpoint, and what it lets through is really done there. Chance is seeded. What it
//! leaves out of an answer it says, as DynamoDB does; what it loses is lost. Everything that it did is counted, so that a
//! test can tell that its faults happened.

mod answer;
mod batches;
mod chance;
mod changes;
mod counts;
mod fault;
mod gates;
mod line;
mod requests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::answer::Answer;
pub use self::counts::Counts;
pub use self::fault::Fault;
pub use self::gates::Hold;
pub use self::requests::Requests;

use self::line::{Line, locked};
use crate::ServiceError;
use crate::address::parsed;
use crate::error::or_fail;

/// A faulty endpoint in front of a sound one. It hangs up, and takes no further connections, when it is dropped.
///
/// ```no_run
/// # async fn test() {
/// use annals_services::{Answer, Engine, Fault, FaultyEndpoint, dynamodb};
///
/// let sound = dynamodb(Engine::Local).await;
/// let faulty = FaultyEndpoint::to(sound.endpoint(), 7).await;
/// faulty.set(Fault::LostAfter, 0.1);
/// faulty.script("PutItem", Answer::access_denied());
/// // … a store at faulty.endpoint() …
/// assert!(faulty.faults(Fault::LostAfter) > 0);
/// # }
/// ```
#[derive(Debug)]
pub struct FaultyEndpoint {
    endpoint: String,
    line: Arc<Line>,
    listening: JoinHandle<()>,
}

impl FaultyEndpoint {
    /// In front of the endpoint at this URL, without any fault for now. The seed decides what chance will bring.
    ///
    /// # Panics
    /// When the URL is not one of plain HTTP, or this machine gives no port.
    pub async fn to(endpoint: &str, seed: u64) -> Self {
        or_fail(Self::open(endpoint, seed).await)
    }

    async fn open(endpoint: &str, seed: u64) -> Result<Self, ServiceError> {
        let failed = |detail: String| ServiceError::failed("opening a faulty endpoint", detail);
        let url = parsed(endpoint)?;
        if url.scheme() != "http" {
            return Err(failed("the URL does not begin with http://".to_owned()));
        }
        let server = format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(80));
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let listener = listener.map_err(|error| failed(error.to_string()))?;
        let port = listener.local_addr().map_err(|error| failed(error.to_string()))?.port();
        let line = Arc::new(Line::new(server, seed));
        let listening = tokio::spawn(line::listen(listener, line.clone()));
        Ok(Self { endpoint: format!("http://127.0.0.1:{port}"), line, listening })
    }

    /// Its URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How often this fault strikes a request that it can strike: between 0 and 1. One request meets one fault at most.
    pub fn set(&self, fault: Fault, rate: f64) {
        locked(&self.line.chance).set(fault, rate);
    }

    /// The same rate for every fault; 0 makes it a sound endpoint again, but for its script and what is held.
    pub fn set_all(&self, rate: f64) {
        for fault in Fault::ALL {
            self.set(fault, rate);
        }
    }

    /// Only these requests are struck by chance.
    pub fn strike_only(&self, requests: impl Into<Requests>) {
        locked(&self.line.chance).strike_only(requests.into());
    }

    /// How long a request waits in vain that is never answered (`Fault::Unanswered`); 30 seconds when never said.
    pub fn silence(&self, silence: Duration) {
        self.line.switches.send_modify(|switches| switches.silence = silence);
    }

    /// By how much every request is late.
    pub fn delay(&self, delay: Duration) {
        self.line.switches.send_modify(|switches| switches.delay = delay);
    }

    /// The next of these requests is answered so, and not forwarded. Answers are given in the order of the script.
    pub fn script(&self, requests: impl Into<Requests>, answer: Answer) {
        self.script_times(requests, answer, 1);
    }

    /// The same for so many of these requests; `usize::MAX` for all, until `clear_script`.
    pub fn script_times(&self, requests: impl Into<Requests>, answer: Answer, times: usize) {
        locked(&self.line.script).push((requests.into(), answer, times));
    }

    /// Forgets what is left of the script.
    pub fn clear_script(&self) {
        locked(&self.line.script).clear();
    }

    /// From now on these requests wait, until what is returned says otherwise.
    pub fn hold(&self, requests: impl Into<Requests>) -> Hold {
        Hold::new(&self.line, requests.into())
    }

    /// Whether the records of the stream are gone: while they are, no answer has any, though iterators move on. That
    /// records were missed, the service says once to who comes from before: script [`Answer::trimmed`].
    pub fn forget_records(&self, forgetting: bool) {
        self.line.switches.send_modify(|switches| switches.forgetting = forgetting);
    }

    /// Whether the endpoint is away: every connection is closed at once, and so is every new one.
    pub fn refuse(&self, refusing: bool) {
        self.line.switches.send_modify(|switches| switches.refusing = refusing);
    }

    /// Closes every connection that there is. New ones may come.
    pub fn cut(&self) {
        self.line.switches.send_modify(|switches| switches.cuts += 1);
    }

    /// The next request whose body holds these bytes is carried out, and its answer lost. Once.
    pub fn lose_answer_to(&self, needle: impl Into<Vec<u8>>) {
        locked(&self.line.needles).push(needle.into());
    }

    /// How many requests for this operation (`PutItem`) were forwarded.
    pub fn forwarded(&self, operation: &str) -> u64 {
        self.counts().forwarded.get(operation).copied().unwrap_or_default()
    }

    /// How often this fault happened.
    pub fn faults(&self, fault: Fault) -> u64 {
        self.counts().faults.get(&fault).copied().unwrap_or_default()
    }

    /// All that was counted so far.
    pub fn counts(&self) -> Counts {
        locked(&self.line.counts).clone()
    }
}

impl Drop for FaultyEndpoint {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}
