//! The account that servers run as.
//!
//! `PostgreSQL` and `PgBouncer` refuse to run as root. As root they run as `postgres`, or as `nobody` where there is no
//! such account; anybody else runs them as himself.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use crate::ServiceError;

/// Closes what was inherited, and becomes the program.
const LETS_GO: &str = r#"exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; exec "$@""#;

/// Who runs the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// The account to change to, as numbers of user and group; none where this process's own will do.
    other: Option<(u32, u32)>,
}

impl Account {
    pub(crate) fn choose() -> Result<Self, ServiceError> {
        if own_user() != 0 {
            return Ok(Self { other: None });
        }
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let other = ["postgres", "nobody"].iter().find_map(|name| numbers_of(&accounts, name));
        let missing = || ServiceError::Missing {
            what: "an account for the servers".to_owned(),
            remedy: "they do not run as root: add a user named postgres, or run the tests as another user"
                .to_owned(),
        };
        Ok(Self { other: Some(other.ok_or_else(missing)?) })
    }

    /// This process's own: for servers that do not mind root.
    pub(crate) fn own_of_process() -> Self {
        Self { other: None }
    }

    /// A program, to be run by this account, with nothing in its environment that would lead it elsewhere.
    pub(crate) fn command(self, program: &Path) -> Command {
        self.run(Command::new("env"), program)
    }

    /// The same for one that goes on by itself, without the locks and pipes that whoever started the tests holds.
    pub(crate) fn server(self, program: &Path) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", LETS_GO, "annals-services"]);
        self.run(shell, program)
    }

    /// The program as the arguments of another that becomes it.
    fn run(self, mut command: Command, program: &Path) -> Command {
        if let Some((user, group)) = self.other {
            command.args(["setpriv", &format!("--reuid={user}"), &format!("--regid={group}")]);
            command.args(["--clear-groups", "--"]);
        }
        command.arg(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        command
    }

    /// Gives the account a file or folder.
    pub(crate) fn own(self, path: &Path) -> Result<(), ServiceError> {
        let Some((user, group)) = self.other else { return Ok(()) };
        chown(path, Some(user), Some(group)).map_err(ServiceError::file("give away", path))
    }
}

/// The number of the user that runs this process.
pub(crate) fn own_user() -> u32 {
    // The owner of a file that this process makes; `/proc` is not everywhere.
    let process = std::fs::metadata("/proc/self");
    process.map_or_else(|_| home_owner(), |process| process.uid())
}

fn home_owner() -> u32 {
    std::env::home_dir().and_then(|home| std::fs::metadata(home).ok()).map_or(1, |home| home.uid())
}

fn numbers_of(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = accounts
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    let user = fields.nth(1)?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some((user, group))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts =
            "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(super::numbers_of(accounts, "postgres"), Some((101, 104)));
        assert_eq!(super::numbers_of(accounts, "nobody"), None);
    }
}
