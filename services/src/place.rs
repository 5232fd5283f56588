//! Where things lie: what is kept between runs under `target`, servers' folders in the machine's temporary folder.
//!
//! A server's folder cannot lie under `target`, which the account that runs it may not be allowed to enter, and whose
//! path may be too long for a socket.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::own_user;
use crate::{ServiceError, process};

/// The folder `target/<name>`, made.
pub(crate) fn under_target(name: &str) -> Result<PathBuf, ServiceError> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(here, PathBuf::from);
    let folder = target.join(name);
    std::fs::create_dir_all(&folder).map_err(ServiceError::file("make the folder", &folder))?;
    folder.canonicalize().map_err(ServiceError::file("find", &folder))
}

/// The folders of servers' folders, which every account may enter: in the machine's temporary folder, and in memory
/// where there is room.
pub(crate) struct Servers {
    pub(crate) on_disk: PathBuf,
    pub(crate) in_memory: Option<PathBuf>,
}

impl Servers {
    pub(crate) fn find() -> Result<Self, ServiceError> {
        let memory = Path::new("/dev/shm");
        let in_memory = if free_kilobytes(memory) > Some(ROOM) { Some(open_to_all(memory)?) } else { None };
        Ok(Self { on_disk: open_to_all(&std::env::temp_dir())?, in_memory })
    }

    /// Where data lie that nobody misses when the power goes. Making a database takes a tenth of the time there.
    pub(crate) fn fastest(self) -> PathBuf {
        self.in_memory.unwrap_or(self.on_disk)
    }
}

/// The kilobytes that a whole run of all tests leaves far behind.
const ROOM: u64 = 3_000_000;

fn open_to_all(parent: &Path) -> Result<PathBuf, ServiceError> {
    let folder = parent.join(format!("annals-services-{}", own_user()));
    std::fs::create_dir_all(&folder).map_err(ServiceError::file("make the folder", &folder))?;
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&folder, everybody).map_err(ServiceError::file("open the folder", &folder))?;
    folder.canonicalize().map_err(ServiceError::file("find", &folder))
}

fn free_kilobytes(folder: &Path) -> Option<u64> {
    let said = process::run(Command::new("df").arg("-Pk").arg(folder)).ok()?;
    said.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// A name that no other process and no other call makes.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}_{:x}_{count}", std::process::id(), since.as_micros() % 0x1_0000_0000)
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16, ServiceError> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound
        .map(|address| address.port())
        .map_err(|error| ServiceError::failed("looking for a free port", error.to_string()))
}

/// A number for this machine, since a server of one's own may serve several.
pub(crate) fn machine() -> u16 {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.unwrap_or_else(|_| std::env::var("HOSTNAME").unwrap_or_default());
    let mut hasher = DefaultHasher::new();
    name.trim().hash(&mut hasher);
    u16::try_from(hasher.finish() & 0xffff).unwrap_or_default()
}
