//! A PostgreSQL server of our own in a folder: made, started, stopped, killed.
//!
//! Its passwords are real, so that nothing works without them, and known, since it holds nothing but tests' data.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::ServiceError;
use crate::binaries::Binaries;
use crate::process;

/// The role that owns the tests' databases. It is no superuser: an application's is none.
pub(crate) const ROLE: &str = "annals";
/// Its password, which must show nowhere (E04).
pub(crate) const PASSWORD: &str = "hush-of-the-tests";
const SUPERUSER: &str = "postgres";

/// How long a server may take to start; on a busy machine it does take long.
const PATIENCE: Duration = Duration::from_secs(60);

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
        initdb.args([
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]);
        initdb
            .arg(format!("--username={SUPERUSER}"))
            .arg("--pwfile")
            .arg(&password)
            .arg("-D")
            .arg(self.data());
        process::run(&mut initdb)?;
        let folder = self.folder.display();
        let port = self.port;
        // The launcher of autovacuum sleeps for a minute at a time, and whoever drops a database waits for it to wake.
        let mut lines = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{folder}'\n\
             max_connections = 300\nshared_buffers = '32MB'\nmax_prepared_transactions = 0\n\
             log_line_prefix = '%m [%p] %d '\nlog_checkpoints = off\nautovacuum = off\n\
             authentication_timeout = '15s'\n"
        );
        for (name, value) in &self.settings {
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
        let mut child =
            started.map_err(|error| ServiceError::failed(format!("{command:?}"), error.to_string()))?;
        let begun = Instant::now();
        loop {
            if let Ok(mut connection) = PgConnection::connect(&self.superuser_url()).await {
                self.make_role(&mut connection).await?;
                return Ok(child);
            }
            let ended = child.try_wait().ok().flatten();
            if ended.is_some() || begun.elapsed() > PATIENCE {
                process::kill_family(child.id());
                let _ = child.wait();
                let what = format!("starting PostgreSQL {}", self.binaries.version);
                return Err(ServiceError::failed(what, last_lines(&log, 20)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn make_role(&self, connection: &mut PgConnection) -> Result<(), ServiceError> {
        let make = format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
             CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}'; END IF; END $$"
        );
        let made = sqlx::raw_sql(AssertSqlSafe(make)).execute(connection).await;
        made.map(drop).map_err(ServiceError::sql("making the tests' role"))
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

pub(crate) fn superuser_url(port: u16) -> String {
    url(SUPERUSER, port)
}

pub(crate) fn role_url(port: u16) -> String {
    url(ROLE, port)
}

fn url(role: &str, port: u16) -> String {
    format!("postgres://{role}:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable")
}

/// The end of a log.
pub(crate) fn last_lines(log: &Path, count: usize) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
