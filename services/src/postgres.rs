//! The PostgreSQL server that all tests of a run share.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};
use url::Url;

use crate::account::Account;
use crate::address::{decoded, parsed};
use crate::binaries::Binaries;
use crate::container::Container;
use crate::error::or_fail;
use crate::images::Image;
use crate::place::Servers;
use crate::server::{self, Plan};
use crate::shared::{FOLDER, Facts, Shared, facts};
use crate::source::{Source, Start, WhyNative};
use crate::{ServiceError, place};

/// Which PostgreSQL a test wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The oldest that is supported; the machine's own (16, 17) where it is not to be had.
    V15,
    /// The newest.
    V18,
}

impl Version {
    pub(crate) fn major(self) -> u32 {
        match self {
            Self::V15 => 15,
            Self::V18 => 18,
        }
    }

    /// What the server is called.
    pub(crate) fn name(self) -> String {
        format!("PostgreSQL {}", self.major())
    }

    /// The variable in the environment that names a server of one's own.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::V15 => "ANNALS_POSTGRES_URL",
            Self::V18 => "ANNALS_POSTGRES_18_URL",
        }
    }
}

/// A server that tests make databases of their own on.
#[derive(Clone, Debug)]
pub struct Postgres {
    pub(crate) url: Url,
    pub(crate) version: String,
    pub(crate) how: String,
    pub(crate) superuser: Option<Url>,
    pub(crate) log: Option<PathBuf>,
}

impl Postgres {
    /// The URL of its maintenance database, for a role that may make databases and is no superuser.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The same for a superuser, where the server was started here.
    pub fn superuser_url(&self) -> Option<&str> {
        self.superuser.as_ref().map(Url::as_str)
    }

    /// The server's version, as it tells it: `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the server comes from.
    pub fn how(&self) -> &str {
        &self.how
    }

    /// The tests' role and its password.
    pub fn credentials(&self) -> (String, String) {
        let password = self.url.password().unwrap_or_default();
        (self.url.username().to_owned(), decoded(password))
    }

    pub(crate) fn address(&self) -> (String, u16) {
        (self.url.host_str().unwrap_or("127.0.0.1").to_owned(), self.url.port().unwrap_or(5432))
    }

    pub(crate) fn from_plan(plan: &Plan, how: String) -> Result<Self, ServiceError> {
        Ok(Self {
            url: parsed(&plan.url())?,
            version: plan.binaries.version.clone(),
            how,
            superuser: Some(parsed(&plan.superuser_url())?),
            log: Some(plan.log()),
        })
    }
}

/// The server of this version, shared with all tests; started when nobody has. Says in one line which it is.
///
/// # Panics
/// When there is none, with one line on how to get it.
pub async fn postgres(version: Version) -> Postgres {
    or_fail(try_postgres(version).await)
}

/// The same, for callers that report by themselves what is missing.
///
/// # Errors
/// When there is none: the message says how to get it.
pub async fn try_postgres(version: Version) -> Result<Postgres, ServiceError> {
    let source = Source::asked()?;
    let server = match source.given(&version.name(), version.variable())? {
        Some(url) => given(version, &url).await?,
        None => shared(version, source).await?,
    };
    eprintln!("services: PostgreSQL {}, {}", server.version, server.how);
    Ok(server)
}

async fn given(version: Version, url: &str) -> Result<Postgres, ServiceError> {
    let variable = version.variable();
    let doing = format!("asking the server that {variable} names for its version");
    let number = version_at(url).await.map_err(ServiceError::sql(&doing))?;
    let major: u32 = number.split('.').next().and_then(|digits| digits.parse().ok()).unwrap_or_default();
    if major < version.major() {
        let wanted = version.major();
        return Err(ServiceError::failed(doing, format!("it is {number}, and {wanted} or later is needed")));
    }
    let how = format!("given by {variable}");
    Ok(Postgres { url: parsed(url)?, version: number, how, superuser: None, log: None })
}

/// The version that a server tells: `15.18` of `15.18 (Debian 15.18-0+deb12u1)`.
async fn version_at(url: &str) -> Result<String, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let row = sqlx::query("SHOW server_version").fetch_one(&mut connection).await?;
    let said: String = row.try_get(0)?;
    Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
}

async fn shared(version: Version, source: Source) -> Result<Postgres, ServiceError> {
    let shared = Shared::new(&format!("postgres-{}-{source}", version.major()))?;
    from_facts(&shared.find_or_start(answers, || start(&shared, version, source)).await?)
}

async fn answers(known: Facts) -> bool {
    let Ok(server) = from_facts(&known) else { return false };
    let connecting = PgConnection::connect(server.url());
    matches!(tokio::time::timeout(Duration::from_secs(20), connecting).await, Ok(Ok(_)))
}

async fn start(shared: &Shared, version: Version, source: Source) -> Result<Facts, ServiceError> {
    match source.start(&version.name(), &format!("postgres-{}", version.major())).await? {
        Start::Container(image) => in_container(shared, version, image).await,
        Start::Native(why) => {
            let started = native(shared, version, &why).await;
            started.map_err(|error| source.or_url(error, version.variable()))
        }
    }
}

async fn native(shared: &Shared, version: Version, why: &WhyNative) -> Result<Facts, ServiceError> {
    let binaries = tokio::task::spawn_blocking(move || Binaries::find(version)).await;
    let binaries = binaries.map_err(|error| ServiceError::failed("looking", error.to_string()))??;
    let folder = shared.folder(binaries.account, &Servers::find()?.fastest())?;
    let plan =
        Plan { binaries, folder: folder.path().to_owned(), port: place::free_port()?, settings: Vec::new() };
    let (plan, made) = initialise(plan).await;
    made?;
    plan.start().await?;
    Ok(facts(&[
        ("port", plan.port.to_string()),
        ("version", plan.binaries.version.clone()),
        ("how", format!("started from {}{why} on port {}", plan.binaries.folder.display(), plan.port)),
        ("log", plan.log().display().to_string()),
        (FOLDER, folder.path().display().to_string()),
    ]))
}

async fn in_container(shared: &Shared, version: Version, image: Image) -> Result<Facts, ServiceError> {
    let servers = Servers::find()?;
    let folder = shared.folder(Account::own_of_process(), &servers.on_disk)?;
    let settings =
        server::SETTINGS.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
    let mut container = Container::new(image, folder.path(), 5432)?
        .option("--env", format!("POSTGRES_PASSWORD={}", server::PASSWORD))
        .option("--env", format!("POSTGRES_INITDB_ARGS={}", server::INITDB.join(" ")))
        .command(["postgres".to_owned()].into_iter().chain(settings));
    if servers.in_memory.is_some() {
        container = container.option("--tmpfs", "/annals").option("--env", "PGDATA=/annals/data");
    }
    let port = container.port();
    container.start(&version.name(), || server::answers(port)).await?;
    server::make_role(port).await?;
    let asked = version_at(&server::role_url(port)).await;
    Ok(facts(&[
        ("port", port.to_string()),
        ("version", asked.map_err(ServiceError::sql("asking a container for its version"))?),
        ("how", container.how()),
        ("log", container.log().display().to_string()),
        (FOLDER, folder.path().display().to_string()),
    ]))
}

pub(crate) async fn initialise(plan: Plan) -> (Plan, Result<(), ServiceError>) {
    let copy = plan.clone();
    let made = tokio::task::spawn_blocking(move || copy.initialise()).await;
    (plan, made.unwrap_or_else(|error| Err(ServiceError::failed("initdb", error.to_string()))))
}

fn from_facts(known: &Facts) -> Result<Postgres, ServiceError> {
    let fact = |name: &str| known.get(name).cloned().unwrap_or_default();
    let port =
        fact("port").parse().map_err(|_| ServiceError::failed("reading a server's port", "there is none"))?;
    Ok(Postgres {
        url: parsed(&server::role_url(port))?,
        version: fact("version"),
        how: fact("how"),
        superuser: Some(parsed(&server::superuser_url(port))?),
        log: Some(PathBuf::from(fact("log"))),
    })
}
