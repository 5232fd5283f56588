//! `PgBouncer` in transaction mode in front of a server: the pooler that makes careless programs read each other's
//! answers.

use std::fs::File;
use std::process::{Command, Stdio};

use sqlx::{Connection, PgConnection};

use crate::account::{Account, own_user};
use crate::address::through;
use crate::binaries::find_program;
use crate::error::or_fail;
use crate::place::Servers;
use crate::shared::{FOLDER, Facts, Shared, facts};
use crate::source::Source;
use crate::started::until_it_answers;
use crate::{Postgres, ServiceError, place, process};

/// A pooler, shared with all tests.
#[derive(Clone, Debug)]
pub struct PgBouncer {
    port: u16,
}

impl PgBouncer {
    /// The same database through the pooler.
    pub fn url(&self, of: &str) -> String {
        through(of, self.port)
    }
}

/// The pooler in front of a server; started when nobody has, installed when this is root on Debian.
///
/// # Panics
/// When there is none, with one line on how to get it.
pub async fn pgbouncer(server: &Postgres) -> PgBouncer {
    or_fail(try_pgbouncer(server).await)
}

/// The same, for callers that report by themselves what is missing.
///
/// # Errors
/// When there is none: the message says how to get it.
pub async fn try_pgbouncer(server: &Postgres) -> Result<PgBouncer, ServiceError> {
    Source::asked()?.native_only("PgBouncer")?;
    let shared = Shared::new(&format!("pgbouncer-{}", server.version))?;
    let found = shared.find_or_start(
        |known| async move {
            match port_of(&known) {
                // Another server of that version may have been here before.
                Some(port) if known.get(UPSTREAM) == Some(&upstream(server)) => answers(server, port).await,
                _ => false,
            }
        },
        || start(&shared, server),
    );
    let known = found.await?;
    let missing = || ServiceError::failed("reading PgBouncer's port", "there is none");
    let bouncer = PgBouncer { port: port_of(&known).ok_or_else(missing)? };
    eprintln!("services: {} on port {}", known["what"], bouncer.port);
    Ok(bouncer)
}

/// The fact that names the server behind the pooler.
const UPSTREAM: &str = "upstream";

fn upstream(server: &Postgres) -> String {
    let (host, port) = server.address();
    format!("{host}:{port}")
}

fn port_of(known: &Facts) -> Option<u16> {
    known.get("port")?.parse().ok()
}

async fn answers(server: &Postgres, port: u16) -> bool {
    // A pooler takes none of the settings that sqlx asks for at its start.
    let options = through(server.url(), port).parse::<sqlx::postgres::PgConnectOptions>();
    let Ok(options) = options.map(|options| options.extra_float_digits(None)) else { return false };
    PgConnection::connect_with(&options).await.is_ok()
}

async fn start(shared: &Shared, server: &Postgres) -> Result<Facts, ServiceError> {
    let program = match find_program("pgbouncer") {
        Some(program) => program,
        None => install()?,
    };
    let account = Account::choose()?;
    let folder = shared.folder(account, &Servers::find()?.on_disk)?;
    let (port, path) = (place::free_port()?, folder.path().display().to_string());
    let (host, behind) = server.address();
    let (role, password) = server.credentials();
    let settings = format!(
        "[databases]\n* = host={host} port={behind}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {path}/users.txt\n\
         pool_mode = transaction\nmax_client_conn = 1000\ndefault_pool_size = 8\nmin_pool_size = 0\n\
         server_idle_timeout = 3\nserver_login_retry = 1\npidfile = {path}/pgbouncer.pid\n"
    );
    for (name, text) in [("settings.ini", settings), ("users.txt", format!("\"{role}\" \"{password}\"\n"))] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).map_err(ServiceError::file("write", &file))?;
        account.own(&file)?;
    }
    let log = folder.path().join("pgbouncer.log");
    let out = File::create(&log).map_err(ServiceError::file("write", &log))?;
    let mut command = account.server(&program);
    command.arg(folder.path().join("settings.ini")).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let started = command.spawn();
    let child = started.map_err(|error| ServiceError::failed(format!("{command:?}"), error.to_string()))?;
    until_it_answers(child, "PgBouncer", &log, || answers(server, port)).await?;
    let version = process::run(Command::new(&program).arg("--version"))?;
    let version = version.lines().next().unwrap_or("PgBouncer");
    let what = format!("{version} in transaction mode, started from {}", program.display());
    Ok(facts(&[("port", port.to_string()), ("what", what), (UPSTREAM, upstream(server)), (FOLDER, path)]))
}

fn install() -> Result<std::path::PathBuf, ServiceError> {
    let remedy = "install it (Debian: apt-get install pgbouncer)";
    let missing = |detail: String| ServiceError::Missing {
        what: "PgBouncer".to_owned(),
        remedy: format!("{remedy} ({detail})"),
    };
    if own_user() != 0 || find_program("apt-get").is_none() {
        return Err(missing("it is not on the path".to_owned()));
    }
    eprintln!("services: installing pgbouncer with apt-get");
    let mut apt = Command::new("sh");
    apt.args(["-c", "apt-get update -qq && apt-get install -y -qq --no-install-recommends pgbouncer"]);
    process::run(apt.env("DEBIAN_FRONTEND", "noninteractive")).map_err(|error| missing(error.to_string()))?;
    find_program("pgbouncer").ok_or_else(|| missing("apt-get has not brought it".to_owned()))
}
