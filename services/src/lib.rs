//! The real servers that tests need: found or started, shared by all test processes, and gone when nobody uses them.
//!
//! Where a server comes from is said in one line. `ANNALS_SERVICES` chooses:
//!
//! | | a URL in the environment | a container | the machine's own programs, and what is fetched into `target/tools` |
//! |---|---|---|---|
//! | `auto`, or not set | first | second | third; the line says why it is no container |
//! | `containers` | not looked at | where there is an image | for the rest |
//! | `native` | not looked at | never | always |
//! | `external` | always | never | never |
//!
//! There are images of PostgreSQL and DynamoDB Local: those of `docker/images.toml` where they are there or can be pulled,
//! else the stand-ins that `docker/offline/build` makes. `PgBouncer`, the embedded emulator and private servers are programs
//! of this machine. A registry that does not answer within seconds is not asked again for ten minutes.
//!
//! What cannot be had is an error that says how to get it; nothing is ever skipped. A shared server outlives the process
//! that started it, serves every test of a run, and is stopped and removed some seconds after the last of them, however that
//! one ended. Each test has a database of its own, or tables with names of its own. A test that kills its server starts a
//! private one. What the servers never do by themselves, a line or an endpoint in front of them does: lose, refuse, hold,
//! garble.
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
mod container;
mod database;
mod docker;
mod dynamodb;
mod emulator;
mod error;
mod faulty;
mod http;
mod images;
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
mod source;
mod started;
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
