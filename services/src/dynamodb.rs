//! The DynamoDB that all tests of a run share: a test's tables have names of its own.

use std::io::Write;
use std::path::PathBuf;

use crate::account::Account;
use crate::address::parsed;
use crate::container::Container;
use crate::emulator::{self, Data, JAVA_OPTIONS, Plan, Programs};
use crate::error::or_fail;
use crate::images::Image;
use crate::place::Servers;
use crate::shared::{FOLDER, Facts, Shared, facts};
use crate::source::{Source, Start, WhyNative};
use crate::{ServiceError, http, keep, place};

/// The variable in the environment that names an endpoint of one's own.
const VARIABLE: &str = "ANNALS_DYNAMODB_URL";

/// DynamoDB Local gets slower as tables with streams come and go, tenfold after some hundreds: so many tests share one.
const USES_MAX: u64 = 40;

/// Which DynamoDB a test wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Amazon's DynamoDB Local, or the endpoint that `ANNALS_DYNAMODB_URL` names.
    Local,
    /// The emulator `dynoxide-rs`: fast, needs no Java, and is not the last word.
    Embedded,
}

impl Engine {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "DynamoDB Local",
            Self::Embedded => "dynoxide-rs",
        }
    }
}

/// An endpoint that tests make tables of their own at. It takes any credentials and any region.
#[derive(Clone, Debug)]
pub struct DynamoDb {
    endpoint: String,
    engine: String,
    how: String,
    log: Option<PathBuf>,
}

impl DynamoDb {
    /// Its URL: `http://127.0.0.1:8000`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it is, with its version: `DynamoDB Local 3.3.0`.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Where it comes from.
    pub fn how(&self) -> &str {
        &self.how
    }

    /// What it has written since it was started, where it was started here.
    pub fn log(&self) -> Option<&std::path::Path> {
        self.log.as_deref()
    }

    pub(crate) fn from_plan(plan: &Plan, engine: Engine, how: &str, why: &WhyNative) -> Self {
        Self {
            endpoint: endpoint(plan.port),
            engine: format!("{} {}", engine.name(), plan.version()),
            how: format!("{how} from {}{why} on port {}", plan.programs.folder().display(), plan.port),
            log: Some(plan.log()),
        }
    }

    pub(crate) fn announce(&self) {
        eprintln!("services: {}, {}", self.engine, self.how);
    }
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The DynamoDB of this kind, shared with all tests; started when nobody has. Says in one line which it is.
///
/// # Panics
/// When there is none, with one line on how to get it.
pub async fn dynamodb(engine: Engine) -> DynamoDb {
    or_fail(try_dynamodb(engine).await)
}

/// The same, for callers that report by themselves what is missing.
///
/// # Errors
/// When there is none: the message says how to get it.
pub async fn try_dynamodb(engine: Engine) -> Result<DynamoDb, ServiceError> {
    let source = Source::asked()?;
    let server = match engine {
        Engine::Local => match source.given(engine.name(), VARIABLE)? {
            Some(url) => given(&url).await?,
            None => {
                shared(&format!("dynamodb-local-{source}-{}", count_use()? / USES_MAX), engine, source)
                    .await?
            }
        },
        Engine::Embedded => {
            source.native_only(engine.name())?;
            shared("dynamodb-embedded", engine, Source::Native).await?
        }
    };
    server.announce();
    Ok(server)
}

async fn given(url: &str) -> Result<DynamoDb, ServiceError> {
    let parsed = parsed(url)?;
    let host = parsed.host_str().unwrap_or("127.0.0.1");
    let failed =
        |detail: &str| ServiceError::failed(format!("asking the endpoint that {VARIABLE} names"), detail);
    if parsed.scheme() != "http" {
        return Err(failed("its URL does not begin with http://"));
    }
    let name = http::server_at(host, parsed.port().unwrap_or(80)).await;
    let name = name.ok_or_else(|| failed("nobody answers there"))?;
    let engine = if name.is_empty() { "DynamoDB".to_owned() } else { format!("DynamoDB on {name}") };
    let endpoint = url.trim_end_matches('/').to_owned();
    Ok(DynamoDb { endpoint, engine, how: format!("given by {VARIABLE}"), log: None })
}

async fn shared(name: &str, engine: Engine, source: Source) -> Result<DynamoDb, ServiceError> {
    let shared = Shared::new(name)?;
    let answers = |known: Facts| async move {
        match port_of(&known) {
            Some(port) => emulator::answers(port).await,
            None => false,
        }
    };
    from_facts(&shared.find_or_start(answers, || start(&shared, engine, source)).await?)
}

/// How often DynamoDB Local has been asked for before, by any process.
fn count_use() -> Result<u64, ServiceError> {
    let path = place::under_target("services")?.join("dynamodb-local.uses");
    let mut file = keep::open(&path)?;
    file.lock().map_err(ServiceError::file("lock", &path))?;
    let text = std::fs::read_to_string(&path).map_err(ServiceError::file("read", &path))?;
    // One mark a use: the file is opened for appending.
    file.write_all(b".").map_err(ServiceError::file("write", &path))?;
    Ok(text.len() as u64)
}

fn port_of(known: &Facts) -> Option<u16> {
    known.get("port")?.parse().ok()
}

async fn start(shared: &Shared, engine: Engine, source: Source) -> Result<Facts, ServiceError> {
    match source.start(engine.name(), "dynamodb-local").await? {
        Start::Container(image) => in_container(shared, image).await,
        Start::Native(why) => {
            native(shared, engine, &why).await.map_err(|error| source.or_url(error, VARIABLE))
        }
    }
}

async fn native(shared: &Shared, engine: Engine, why: &WhyNative) -> Result<Facts, ServiceError> {
    let programs = find(engine).await?;
    let folder = shared.folder(Account::own_of_process(), &Servers::find()?.on_disk)?;
    let port = place::free_port()?;
    let plan = Plan { programs, folder: folder.path().to_owned(), port, data: Data::InMemory };
    if let Err(error) = plan.start().await {
        folder.remove();
        return Err(error);
    }
    let server = DynamoDb::from_plan(&plan, engine, "started", why);
    Ok(facts(&[
        ("port", port.to_string()),
        ("engine", server.engine),
        ("how", server.how),
        ("log", plan.log().display().to_string()),
        (FOLDER, folder.path().display().to_string()),
    ]))
}

async fn in_container(shared: &Shared, image: Image) -> Result<Facts, ServiceError> {
    let folder = shared.folder(Account::own_of_process(), &Servers::find()?.on_disk)?;
    let container = Container::new(image, folder.path(), 8000)?
        .command(JAVA_OPTIONS)
        .command(["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar"])
        .command(["-sharedDb", "-disableTelemetry", "-inMemory"]);
    let (port, name) = (container.port(), Engine::Local.name());
    container.start(name, || emulator::answers(port)).await?;
    Ok(facts(&[
        ("port", port.to_string()),
        ("engine", format!("{name} {}", emulator::local_version(&container.log()))),
        ("how", container.how()),
        ("log", container.log().display().to_string()),
        (FOLDER, folder.path().display().to_string()),
    ]))
}

/// The engine's programs, fetched off the caller's runtime.
pub(crate) async fn find(engine: Engine) -> Result<Programs, ServiceError> {
    let found = tokio::task::spawn_blocking(move || Programs::find(engine)).await;
    found.map_err(|error| ServiceError::failed("looking", error.to_string()))?
}

fn from_facts(known: &Facts) -> Result<DynamoDb, ServiceError> {
    let fact = |name: &str| known.get(name).cloned().unwrap_or_default();
    let missing = || ServiceError::failed("reading a server's port", "there is none");
    let endpoint = endpoint(port_of(known).ok_or_else(missing)?);
    Ok(DynamoDb { endpoint, engine: fact("engine"), how: fact("how"), log: Some(fact("log").into()) })
}
