//! Programs that travel as crates, built once into `target/tools`.
//!
//! They are no dependencies: what they depend on, and in which version, is their own affair.

use std::path::PathBuf;
use std::process::Command;

use crate::{ServiceError, keep, place, process};

/// The DynamoDB emulator of this release, built when it is not there, which takes minutes.
pub(crate) fn dynoxide(release: &str) -> Result<PathBuf, ServiceError> {
    let tools = place::under_target("tools")?;
    let _alone = keep::alone(&tools.join("dynoxide-rs.lock"))?;
    let place = tools.join(format!("dynoxide-rs-{release}"));
    let program = place.join("bin/dynoxide");
    if program.exists() {
        return Ok(program);
    }
    eprintln!(
        "services: building dynoxide-rs {release} with cargo into target/tools; it takes minutes, once"
    );
    // What builds the tests holds the lock of their own folder.
    let building = place::under_target("tools-build")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if is_of_the_tests_own_build(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    cargo.args(["install", "dynoxide-rs", "--version", release, "--locked", "--quiet"]);
    cargo.args(["--no-default-features", "--features", "native-sqlite,http-server,cli"]);
    cargo.arg("--root").arg(&place).arg("--target-dir").arg(&building).current_dir(&tools);
    process::run(&mut cargo)?;
    // Nothing is built there a second time.
    let _ = std::fs::remove_dir_all(&building);
    Ok(program)
}

/// Whether a variable tells how the tests are built or run, and not where this machine finds its crates.
fn is_of_the_tests_own_build(name: &str) -> bool {
    let of_the_machine = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    let of_a_build = ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "LLVM_PROFILE_FILE"];
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    begins(&of_a_build) && !begins(&of_the_machine)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_build_of_its_own_has_nothing_of_the_tests_build_but_finds_its_crates() {
        for name in
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_PKG_NAME", "RUSTC_WRAPPER"]
        {
            assert!(super::is_of_the_tests_own_build(name), "{name}");
        }
        for name in
            ["CARGO_HOME", "CARGO_REGISTRIES_CRATES_IO_INDEX", "CARGO_HTTP_PROXY", "RUSTUP_TOOLCHAIN", "PATH"]
        {
            assert!(!super::is_of_the_tests_own_build(name), "{name}");
        }
    }
}
