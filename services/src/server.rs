//! A PostgreSQL server of our own in a folder: made, started, stopped, killed.
//!
//! Its passwords are real, so that nothing works without them, and known, since it holds nothing but tests' data.

use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::timeout;

use crate::ServiceError;
use crate::binaries::Binaries;
use crate::process;
use crate::started::until_it_answers;

/// The role that owns the tests' databases. It is no superuser: an application's is none.
pub(crate) const ROLE: &str = "annals";
/// Its password, which must show nowhere (E04).
pub(crate) const PASSWORD: &str = "hush-of-the-tests";
const SUPERUSER: &str = "postgres";

/// A server that lets somebody in does so within this, also on a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// What differs from a server's own settings, wherever it runs.
///
/// The launcher of autovacuum sleeps for a minute at a time, and whoever drops a database waits for it to wake.
pub(crate) const SETTINGS: [(&str, &str); 7] = [
    ("max_connections", "300"),
    ("shared_buffers", "32MB"),
    ("max_prepared_transactions", "0"),
    ("log_line_prefix", "%m [%p] %d "),
    ("log_checkpoints", "off"),
    ("autovacuum", "off"),
    ("authentication_timeout", "15s"),
];

/// How its data directory is made, wherever it runs.
pub(crate) const INITDB: [&str; 4] = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"];

/// How a server is to be started.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) binaries: Binaries,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) settings: Vec<(String, String)>,
}

impl Plan {
    /// Makes the data directory. Blocks for about a second.
    pub(crate) fn initialise(&self) -> Result<(), ServiceError> {
        let Binaries { account, .. } = &self.binaries;
        let password = self.folder.join("password");
        std::fs::write(&password, PASSWORD).map_err(ServiceError::file("write", &password))?;
        account.own(&password)?;
        let mut initdb = account.command(&self.binaries.program("initdb"));
        initdb.args(INITDB).arg("--no-instructions");
        initdb
            .arg(format!("--username={SUPERUSER}"))
            .arg("--pwfile")
            .arg(&password)
            .arg("-D")
            .arg(self.data());
        process::run(&mut initdb)?;
        let folder = self.folder.display();
        let port = self.port;
        let mut lines =
            format!("listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{folder}'\n");
        let own = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in SETTINGS.into_iter().chain(own) {
            // A string takes all that is written to it.
            let _ = writeln!(lines, "{name} = '{value}'");
        }
        let file = self.data().join("postgresql.auto.conf");
        std::fs::write(&file, lines).map_err(ServiceError::file("write", &file))
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn start(&self) -> Result<Child, ServiceError> {
        let log = self.log();
        let out = File::options().create(true).append(true).open(&log);
        let out = out.map_err(ServiceError::file("write", &log))?;
        let errors = out.try_clone().map_err(ServiceError::file("write", &log))?;
        let mut command = self.binaries.account.server(&self.binaries.program("postgres"));
        command.arg("-D").arg(self.data()).stdin(Stdio::null()).stdout(out).stderr(errors);
        // What ends the tests leaves the server to its watcher.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = command.spawn();
        let child =
            started.map_err(|error| ServiceError::failed(format!("{command:?}"), error.to_string()))?;
        let what = format!("PostgreSQL {}", self.binaries.version);
        let child = until_it_answers(child, &what, &log, || answers(self.port)).await?;
        make_role(self.port).await?;
        Ok(child)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    pub(crate) fn superuser_url(&self) -> String {
        superuser_url(self.port)
    }

    /// The maintenance database, for the tests' role.
    pub(crate) fn url(&self) -> String {
        role_url(self.port)
    }
}

/// Whether a server lets its superuser in. What took the port of one that ended need not answer at all.
pub(crate) async fn answers(port: u16) -> bool {
    let url = superuser_url(port);
    matches!(timeout(ANSWERED_WITHIN, PgConnection::connect(&url)).await, Ok(Ok(_)))
}

/// Makes the tests' role where there is none.
pub(crate) async fn make_role(port: u16) -> Result<(), ServiceError> {
    let doing = || ServiceError::sql("making the tests' role");
    let mut connection = PgConnection::connect(&superuser_url(port)).await.map_err(doing())?;
    let make = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
         CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}'; END IF; END $$"
    );
    let made = sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut connection).await;
    made.map(drop).map_err(doing())
}

pub(crate) fn superuser_url(port: u16) -> String {
    url(SUPERUSER, port)
}

pub(crate) fn role_url(port: u16) -> String {
    url(ROLE, port)
}

fn url(role: &str, port: u16) -> String {
    format!("postgres://{role}:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable")
}
