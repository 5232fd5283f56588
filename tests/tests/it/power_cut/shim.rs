//! The disk under a child: `shim.c`, built once a test and loaded before the C library.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::child;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/power_cut/shim.c");

/// The shim, built.
pub(crate) struct Shim {
    folder: TempDir,
}

impl Shim {
    pub(crate) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shim = Self { folder };
        let flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"].map(std::ffi::OsStr::new);
        let mut arguments = flags.to_vec();
        let library = shim.library();
        arguments.extend([library.as_os_str(), SOURCE.as_ref(), "-ldl".as_ref(), "-lpthread".as_ref()]);
        child::run("cc", &arguments);
        shim
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("shim.so")
    }

    /// Has the disk under `folder` written down in `log`.
    pub(crate) fn watch(&self, command: &mut Command, folder: &Path, log: &Path) {
        self.load(command, folder).env("ANNALS_DISK_LOG", log);
    }

    /// Has every change below `folder` fail while the file `fault` exists, with the number that stands in it.
    pub(crate) fn break_by(&self, command: &mut Command, folder: &Path, fault: &Path) {
        self.load(command, folder).env("ANNALS_DISK_FAULT", fault);
    }

    fn load<'a>(&self, command: &'a mut Command, folder: &Path) -> &'a mut Command {
        command.env("LD_PRELOAD", self.library()).env("ANNALS_DISK_FOLDER", folder)
    }
}
