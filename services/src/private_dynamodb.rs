//! A DynamoDB that one test has for itself: to kill, to stop for a while, and to start again. Like a private PostgreSQL it
//! is always a program of this machine.

use std::ops::Deref;
use std::process::Child;

use crate::account::Account;
use crate::dynamodb::find;
use crate::emulator::{Data, Plan};
use crate::error::or_fail;
use crate::keep::{Folder, Use};
use crate::place::Servers;
use crate::source::{Source, WhyNative};
use crate::started::{again, last_lines};
use crate::{DynamoDb, Engine, ServiceError, place, process};

/// An emulator of a test's own, killed and removed when it is dropped.
#[derive(Debug)]
pub struct PrivateDynamoDb {
    server: DynamoDb,
    plan: Plan,
    folder: Folder,
    child: Option<Child>,
    _use: Use,
}

/// A private DynamoDB, which keeps its data in its folder.
///
/// # Panics
/// When it cannot be started, with one line that says why.
pub async fn private_dynamodb(engine: Engine) -> PrivateDynamoDb {
    or_fail(start(engine).await)
}

async fn start(engine: Engine) -> Result<PrivateDynamoDb, ServiceError> {
    Source::asked()?.native_only(&format!("a private {}", engine.name()))?;
    let programs = find(engine).await?;
    let folder = Folder::new("private-dynamodb", Account::own_of_process(), &Servers::find()?.fastest())?;
    let held = folder.keep_private()?;
    let port = place::free_port()?;
    let plan = Plan { programs, folder: folder.path().to_owned(), port, data: Data::InFolder };
    let child = plan.start().await?;
    let server = DynamoDb::from_plan(&plan, engine, "private, started", &WhyNative::default());
    server.announce();
    Ok(PrivateDynamoDb { server, plan, folder, child: Some(child), _use: held })
}

impl Deref for PrivateDynamoDb {
    type Target = DynamoDb;

    fn deref(&self) -> &DynamoDb {
        &self.server
    }
}

impl PrivateDynamoDb {
    /// SIGKILL. Nothing when it does not run.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended by itself is as dead.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it where it is (SIGSTOP): connections are taken, and nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on (SIGCONT), with all that was asked meanwhile.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            process::signal(name, &[child.id()]);
        }
    }

    /// Starts it again on the same port and the same data, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come back, with the end of its log.
    pub async fn restart(&mut self) {
        self.kill();
        self.child = Some(or_fail(again(|| self.plan.start()).await));
    }

    /// Where its data and its log lie.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for PrivateDynamoDb {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the end of the private DynamoDB's log:\n{}", last_lines(&self.plan.log(), 30));
        }
        self.folder.remove();
    }
}
