//! The way of a request: held, answered by the script, struck by chance, forwarded.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::chance::Chance;
use super::changes::{self, Changes};
use super::gates::Gate;
use super::requests::Request;
use super::{Answer, Counts, Fault, Requests, batches};

/// What all connections of a faulty endpoint obey.
#[derive(Debug)]
pub(super) struct Line {
    server: String,
    client: Client<HttpConnector, Full<Bytes>>,
    pub(super) switches: watch::Sender<Switches>,
    pub(super) chance: Mutex<Chance>,
    pub(super) script: Mutex<Vec<(Requests, Answer, usize)>>,
    pub(super) gates: Mutex<Vec<Arc<Gate>>>,
    pub(super) needles: Mutex<Vec<Vec<u8>>>,
    pub(super) counts: Mutex<Counts>,
    changes: Mutex<Changes>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Switches {
    pub(super) refusing: bool,
    /// The stream's records are gone.
    pub(super) forgetting: bool,
    /// Raised to close every connection there is.
    pub(super) cuts: u64,
    pub(super) delay: Duration,
    pub(super) silence: Duration,
}

/// What the client is told.
type Told = Result<Response<Full<Bytes>>, HungUp>;

/// Nothing: its connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("the faulty endpoint hangs up")]
pub(super) struct HungUp;

pub(super) fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) async fn listen(listener: TcpListener, line: Arc<Line>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        if line.switches.borrow().refusing {
            locked(&line.counts).refused += 1;
            continue;
        }
        tokio::spawn(serve(client, line.clone()));
    }
}

async fn serve(client: TcpStream, line: Arc<Line>) {
    let mut switches = line.switches.subscribe();
    let cuts = switches.borrow().cuts;
    // A line of small packets.
    let _ = client.set_nodelay(true);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let line = line.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
            // What has arrived goes its way, whether or not the client waits for it.
            tokio::spawn(line.carry_out(Request::new(head, body))).await.unwrap_or(Err(HungUp))
        }
    });
    tokio::select! {
        // How it ended is the client's affair.
        _ = http1::Builder::new().serve_connection(TokioIo::new(client), service) => {}
        _ = switches.wait_for(|switches| switches.refusing || switches.cuts != cuts) => {}
    }
}

impl Line {
    pub(super) fn new(server: String, seed: u64) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        // Sooner than any server closes a connection that nobody uses.
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(5));
        let silence = Duration::from_secs(30);
        let switches =
            Switches { refusing: false, forgetting: false, cuts: 0, delay: Duration::ZERO, silence };
        Self {
            server,
            client: client.build_http(),
            switches: watch::Sender::new(switches),
            chance: Mutex::new(Chance::seeded(seed)),
            script: Mutex::default(),
            gates: Mutex::default(),
            needles: Mutex::default(),
            counts: Mutex::default(),
            changes: Mutex::default(),
        }
    }

    async fn carry_out(self: Arc<Self>, request: Request) -> Told {
        let gate = locked(&self.gates).iter().find(|gate| gate.holds(&request)).cloned();
        if let Some(gate) = gate
            && !gate.pass().await
        {
            return Err(HungUp);
        }
        let delay = self.switches.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if let Some(answer) = self.scripted(&request) {
            return told(&answer);
        }
        if self.is_to_lose_answer(&request) {
            self.forward(request).await?;
            locked(&self.counts).lost += 1;
            return Err(HungUp);
        }
        let fault = locked(&self.chance).strike(&request);
        match fault {
            None => self.forward(request).await.map(Response::from),
            Some(fault) => self.strike(fault, request).await,
        }
    }

    fn scripted(&self, request: &Request) -> Option<Answer> {
        let mut script = locked(&self.script);
        let place = script.iter().position(|(requests, _, _)| requests.hold(request))?;
        let (_, answer, times) = &mut script[place];
        let answer = answer.clone();
        *times = if *times == usize::MAX { *times } else { times.saturating_sub(1) };
        if *times == 0 {
            script.remove(place);
        }
        locked(&self.counts).scripted += 1;
        Some(answer)
    }

    fn is_to_lose_answer(&self, request: &Request) -> bool {
        let mut needles = locked(&self.needles);
        let place = needles.iter().position(|needle| request.holds(needle));
        place.map(|place| needles.remove(place)).is_some()
    }

    async fn strike(&self, fault: Fault, request: Request) -> Told {
        match fault {
            Fault::Throttled => {
                let answer = locked(&self.chance).throttling(&request);
                self.count(fault);
                told(&answer)
            }
            Fault::Conflicting => {
                let answer = locked(&self.chance).conflict(&request);
                self.count(fault);
                told(&answer)
            }
            Fault::LostBefore => {
                self.count(fault);
                Err(HungUp)
            }
            Fault::FailedBefore => {
                self.count(fault);
                told(&Answer::internal_error())
            }
            Fault::LostAfter => {
                self.forward(request).await?;
                self.count(fault);
                Err(HungUp)
            }
            Fault::FailedAfter => {
                self.forward(request).await?;
                self.count(fault);
                told(&Answer::internal_error())
            }
            Fault::Unanswered => {
                self.forward(request).await?;
                self.count(fault);
                let silence = self.switches.borrow().silence;
                tokio::time::sleep(silence).await;
                Err(HungUp)
            }
            Fault::Partial => self.process_in_part(request).await,
            Fault::ShortPage => self.end_page_early(request).await,
            Fault::Shuffled | Fault::Repeated | Fault::Delayed => self.stir_changes(fault, request).await,
        }
    }

    async fn process_in_part(&self, request: Request) -> Told {
        let (operation, mut batch) = (request.operation.clone(), request.json());
        let rest = batches::take_some(&mut batch, &mut locked(&self.chance).rng);
        let Some(rest) = rest else { return self.forward(request).await.map(Response::from) };
        let mut answer = self.forward(request.saying(&batch)).await?;
        if let Some(mut said) = answer.json() {
            batches::add_unprocessed(&mut said, &operation, rest);
            answer.say(&said);
            self.count(Fault::Partial);
        }
        Ok(answer.into())
    }

    async fn end_page_early(&self, request: Request) -> Told {
        let mut query = request.json();
        let shortened = batches::shorten(&mut query, &mut locked(&self.chance).rng);
        if !shortened {
            return self.forward(request).await.map(Response::from);
        }
        let answer = self.forward(request.saying(&query)).await?;
        // A page that held all there is was not shortened.
        if answer.json().is_some_and(|said| said.get("LastEvaluatedKey").is_some()) {
            self.count(Fault::ShortPage);
        }
        Ok(answer.into())
    }

    async fn stir_changes(&self, fault: Fault, request: Request) -> Told {
        if fault == Fault::Delayed {
            self.count(fault);
            let said = changes::nothing_yet(&iterator_of(&request));
            return told(&Answer::new(200, said.to_string()));
        }
        let mut answer = self.forward(request).await?;
        let Some(mut said) = answer.json() else { return Ok(answer.into()) };
        let struck = if fault == Fault::Repeated {
            changes::repeat(&mut said, std::mem::take(&mut answer.again))
        } else {
            changes::shuffle(&mut said, &mut locked(&self.chance).rng)
        };
        if struck {
            answer.say(&said);
            self.count(fault);
        }
        Ok(answer.into())
    }

    fn count(&self, fault: Fault) {
        locked(&self.counts).fault(fault);
    }

    /// Has the request carried out, whole or not at all.
    async fn forward(&self, request: Request) -> Result<Forwarded, HungUp> {
        let iterator = (request.operation == "GetRecords").then(|| iterator_of(&request));
        let Request { mut head, body, operation } = request;
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("http://{}{path}", self.server).parse::<Uri>().map_err(|_| HungUp)?;
        // The length is that of the body as it is now; what is not packed can be read.
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, ACCEPT_ENCODING] {
            head.headers.remove(name);
        }
        let forwarded = hyper::Request::from_parts(head, Full::new(body));
        locked(&self.counts).forward(&operation);
        // A server that hangs up, or is not there, is seen through this line as it is.
        let answer = self.client.request(forwarded).await.map_err(|_| HungUp)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        let mut answer = Forwarded { head, body, again: Vec::new() };
        if let Some(iterator) = iterator
            && let Some(mut said) = answer.json()
        {
            if self.switches.borrow().forgetting {
                let gone = changes::forget(&mut said);
                answer.say(&said);
                locked(&self.counts).forgotten += gone as u64;
            }
            answer.again = locked(&self.changes).note(&iterator, &said, &mut locked(&self.chance).rng);
        }
        Ok(answer)
    }
}

/// What the server answered.
#[derive(Debug)]
struct Forwarded {
    head: hyper::http::response::Parts,
    body: Bytes,
    /// Records of the stream that came before, and may come again.
    again: Vec<Value>,
}

impl Forwarded {
    /// What it says, when it does not refuse.
    fn json(&self) -> Option<Value> {
        let sound = self.head.status == StatusCode::OK;
        serde_json::from_slice(&self.body).ok().filter(|_| sound)
    }

    /// Says something else, without the checksum of what was said.
    fn say(&mut self, said: &Value) {
        self.head.headers.remove("x-amz-crc32");
        self.head.headers.remove(CONTENT_LENGTH);
        self.body = said.to_string().into();
    }
}

impl From<Forwarded> for Response<Full<Bytes>> {
    fn from(answer: Forwarded) -> Self {
        let Forwarded { mut head, body, .. } = answer;
        head.headers.remove(TRANSFER_ENCODING);
        Self::from_parts(head, Full::new(body))
    }
}

fn iterator_of(request: &Request) -> String {
    request.json()["ShardIterator"].as_str().unwrap_or_default().to_owned()
}

fn told(answer: &Answer) -> Told {
    let mut response = Response::new(Full::new(Bytes::from(answer.body.clone())));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| HungUp)?;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("FAULTYENDPOINT"));
    Ok(response)
}
