//! Just enough of HTTP to know that somebody answers.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long somebody may take who is there: a machine that builds is slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server calls itself that answers over HTTP, whatever it answers; nothing when it does not say.
pub(crate) async fn server_at(host: &str, port: u16) -> Option<String> {
    tokio::time::timeout(PATIENCE, ask(host, port)).await.ok()?
}

async fn ask(host: &str, port: u16) -> Option<String> {
    let mut connection = TcpStream::connect((host, port)).await.ok()?;
    let request = format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.ok()?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    let head = loop {
        let count = connection.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        answer.extend_from_slice(&buffer[..count]);
        let so_far = String::from_utf8_lossy(&answer);
        if let Some((head, _)) = so_far.split_once("\r\n\r\n") {
            break head.to_owned();
        }
    };
    let headers = head.strip_prefix("HTTP/1.")?.lines().filter_map(|line| line.split_once(':'));
    let mut named = headers.filter(|(name, _)| name.eq_ignore_ascii_case("server"));
    Some(named.next().map_or_else(String::new, |(_, value)| value.trim().to_owned()))
}
