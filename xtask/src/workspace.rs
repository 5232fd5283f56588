//! The packages of the workspace, as cargo tells them.

use cargo_metadata::{MetadataCommand, Package};

use crate::phase::root;

/// Each of them.
///
/// # Errors
/// When cargo does not answer, with what it said.
pub(crate) fn packages() -> Result<Vec<Package>, String> {
    let metadata = MetadataCommand::new().no_deps().current_dir(root()).exec();
    metadata.map(|metadata| metadata.packages).map_err(|error| error.to_string())
}

/// Whether a package has a library, and so examples in its documentation that can be run.
pub(crate) fn has_library(package: &Package) -> bool {
    package.targets.iter().any(|target| target.is_lib() || target.is_proc_macro())
}
