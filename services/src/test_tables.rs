//! Names for a test's own tables, which are deleted when the test is over.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::{DynamoDb, place};

/// What follows the prefix in the names of a store's tables.
const SUFFIXES: [&str; 4] = ["events", "feed", "snapshots", "views"];

/// For how long the endpoint may think about a deletion.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the names of a test's tables begin with. The tables are deleted when this is dropped.
#[derive(Debug)]
pub struct TestTables {
    prefix: String,
    endpoint: String,
}

impl DynamoDb {
    /// Names that no other test has.
    pub fn tables(&self) -> TestTables {
        TestTables { prefix: format!("test-{}", place::unique()), endpoint: self.endpoint().to_owned() }
    }
}

impl TestTables {
    /// What the tables' names begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Sends one request as it is, such as `CreateTable`, and gives what was answered, headers and all.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn ask(&self, operation: &str, body: &str) -> std::io::Result<String> {
        let server = self.endpoint.trim_start_matches("http://");
        let mut line = TcpStream::connect(server)?;
        line.set_read_timeout(Some(PATIENCE))?;
        // Any signature will do on these endpoints.
        write!(
            line,
            "POST / HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n\
             X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for TestTables {
    fn drop(&mut self) {
        for suffix in SUFFIXES {
            // A table that was never made, or a server that is gone, leaves nothing to delete.
            let _ = self.ask("DeleteTable", &format!("{{\"TableName\":\"{}-{suffix}\"}}", self.prefix));
        }
    }
}
