//! A line between a program and its server that can be cut, slowed, held and refused.
//!
//! It forwards bytes, and knows just enough of PostgreSQL's protocol to lose the answer of a transaction that was
//! carried out: the moment that a retry must be right about (A06).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ServiceError;
use crate::address::{parsed, through};
use crate::error::or_fail;
use crate::wire::{ASKS_FOR_TLS, Answers, Ready};

/// A line to a server. It is cut, and takes no further connections, when this value is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: Arc<Line>,
    listening: JoinHandle<()>,
}

/// What all connections of a line obey.
#[derive(Debug)]
struct Line {
    /// Raised to reset every connection there is.
    cuts: watch::Sender<u64>,
    switches: watch::Sender<Switches>,
    /// How many more bytes of answers pass before a connection is reset; `u64::MAX` for all.
    answer_bytes: AtomicU64,
    /// What the statements of the transaction hold whose answer is to be lost.
    needle: Mutex<Option<Vec<u8>>>,
    lost: AtomicUsize,
    connections: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Switches {
    refusing: bool,
    holding: bool,
    delay: Duration,
}

impl Proxy {
    /// A line to the server that a URL names.
    ///
    /// # Panics
    /// When the URL names no server, or this machine gives no port.
    pub async fn to(url: &str) -> Self {
        or_fail(Self::open(url).await)
    }

    async fn open(url: &str) -> Result<Self, ServiceError> {
        let url = parsed(url)?;
        let server = format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(5432));
        let failed = |error: std::io::Error| ServiceError::failed("opening a line", error.to_string());
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let line = Arc::new(Line {
            cuts: watch::Sender::new(0),
            switches: watch::Sender::new(Switches::default()),
            answer_bytes: AtomicU64::new(u64::MAX),
            needle: Mutex::new(None),
            lost: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let listening = tokio::spawn(listen(listener, server, line.clone()));
        Ok(Self { port, line, listening })
    }

    /// The same database through this line.
    pub fn url(&self, of: &str) -> String {
        through(of, self.port)
    }

    /// Resets every connection that there is. New ones may come.
    pub fn cut(&self) {
        self.line.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Whether new connections are reset at once.
    pub fn refuse(&self, refusing: bool) {
        self.line.switches.send_modify(|switches| switches.refusing = refusing);
    }

    /// Whether bytes are held back, in both directions, until this is taken back or the line is cut.
    pub fn hold(&self, holding: bool) {
        self.line.switches.send_modify(|switches| switches.holding = holding);
    }

    /// By how much every packet is late, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.line.switches.send_modify(|switches| switches.delay = delay);
    }

    /// Resets the connection that carries the byte of the answers after this many; none before it is lost.
    pub fn cut_after(&self, bytes_of_answers: u64) {
        self.line.answer_bytes.store(bytes_of_answers, Ordering::SeqCst);
    }

    /// Loses the answer of the next transaction whose statements hold these bytes: the server carries it out whole,
    /// and the line is cut, and refuses new connections, before the client hears of it. Once.
    pub fn lose_answer_to(&self, needle: impl Into<Vec<u8>>) {
        *self.line.needle.lock().unwrap_or_else(PoisonError::into_inner) = Some(needle.into());
    }

    /// How many answers were lost that way.
    pub fn lost(&self) -> usize {
        self.line.lost.load(Ordering::SeqCst)
    }

    /// How many connections pass through the line now.
    pub fn connections(&self) -> usize {
        self.line.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

async fn listen(listener: TcpListener, server: String, line: Arc<Line>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        if line.switches.borrow().refusing {
            reset(&client);
            continue;
        }
        tokio::spawn(carry(client, server.clone(), line.clone()));
    }
}

/// The next close of this connection is a reset: no farewell, and what was under way is lost.
fn reset(stream: &TcpStream) {
    // A connection that is gone needs no reset.
    let _ = stream.set_zero_linger();
}

/// What both directions of one connection know of each other.
#[derive(Default)]
struct Exchange {
    /// What the client said since the server was last idle.
    asked: Vec<u8>,
    marked: bool,
}

async fn carry(mut client: TcpStream, server: String, line: Arc<Line>) {
    let mut cuts = line.cuts.subscribe();
    let Ok(mut upstream) = TcpStream::connect(&server).await else {
        return reset(&client);
    };
    line.connections.fetch_add(1, Ordering::SeqCst);
    // A line of small packets, as a database's is.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let end = tokio::select! {
        end = talk(&mut client, &mut upstream, &line) => end,
        _ = cuts.changed() => End::Cut,
    };
    if end == End::Cut {
        reset(&client);
        reset(&upstream);
    }
    line.connections.fetch_sub(1, Ordering::SeqCst);
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// One side closed it.
    Closed,
    /// This line is to reset it.
    Cut,
}

async fn talk(client: &mut TcpStream, upstream: &mut TcpStream, line: &Line) -> End {
    if refuse_tls(client).await.is_none() {
        return End::Closed;
    }
    let exchange = Mutex::new(Exchange::default());
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = upstream.split();
    tokio::select! {
        end = questions(from_client, to_server, line, &exchange) => end,
        end = answers(from_server, to_client, line, &exchange) => end,
    }
}

/// Answers a client that asks for TLS that there is none, as a server without it does.
async fn refuse_tls(client: &mut TcpStream) -> Option<()> {
    let mut first = [0; ASKS_FOR_TLS.len()];
    loop {
        match client.peek(&mut first).await.ok()? {
            // It hung up; a server that waits for it to say who it is would hold others up.
            0 => return None,
            count if count == first.len() => break,
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
    if first == ASKS_FOR_TLS {
        client.read_exact(&mut first).await.ok()?;
        client.write_all(b"N").await.ok()?;
    }
    Some(())
}

async fn questions(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    line: &Line,
    exchange: &Mutex<Exchange>,
) -> End {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        line.wait().await;
        line.mark(&buffer[..count], exchange);
        if to.write_all(&buffer[..count]).await.is_err() {
            return End::Closed;
        }
    }
    End::Closed
}

async fn answers(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    line: &Line,
    exchange: &Mutex<Exchange>,
) -> End {
    let (mut buffer, mut held, mut said) = (vec![0; 64 * 1024], Vec::new(), Answers::default());
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        line.wait().await;
        held.extend_from_slice(&buffer[..count]);
        let ready = said.take(&buffer[..count]);
        {
            let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
            let marked = exchange.marked;
            if ready == Some(Ready::Idle) {
                *exchange = Exchange::default();
            }
            match ready {
                Some(Ready::Idle) if marked => {
                    line.lost.fetch_add(1, Ordering::SeqCst);
                    line.switches.send_modify(|switches| switches.refusing = true);
                    line.cuts.send_modify(|cuts| *cuts += 1);
                    return End::Cut;
                }
                None if marked => continue,
                _ => {}
            }
        }
        let passing = line.let_pass(held.len());
        if to.write_all(&held[..passing]).await.is_err() {
            return End::Closed;
        }
        if passing < held.len() {
            return End::Cut;
        }
        held.clear();
    }
    End::Closed
}

impl Line {
    async fn wait(&self) {
        let mut switches = self.switches.subscribe();
        let delay = switches.borrow().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // The sender lives as long as this line.
        let _ = switches.wait_for(|switches| !switches.holding).await;
    }

    fn mark(&self, asked: &[u8], exchange: &Mutex<Exchange>) {
        let mut needle = self.needle.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = needle.as_deref() else { return };
        let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.asked.extend_from_slice(asked);
        if !wanted.is_empty() && exchange.asked.windows(wanted.len()).any(|window| window == wanted) {
            exchange.marked = true;
            *needle = None;
        }
    }

    /// How many of these bytes of an answer pass.
    fn let_pass(&self, count: usize) -> usize {
        let take = |left: u64| Some(if left == u64::MAX { left } else { left.saturating_sub(count as u64) });
        let left = self.answer_bytes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
        let left = left.unwrap_or_else(|unchanged| unchanged);
        if left < count as u64 {
            self.answer_bytes.store(u64::MAX, Ordering::SeqCst);
        }
        usize::try_from(left).unwrap_or(usize::MAX).min(count)
    }
}
