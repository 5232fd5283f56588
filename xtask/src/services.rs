//! Where the servers come from that tests need, and whether a run may pass without some: asked on the command line,
//! handed to the tests in their environment. The tests find and start the servers themselves.

use std::process::Command;

/// The variable in the environment that tells the tests.
const VARIABLE: &str = "ANNALS_SERVICES";

/// Which servers, and what their absence means.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Services {
    /// Where the servers come from that tests need.
    #[arg(long = "services", value_enum, default_value_t = Source::Auto, env = VARIABLE)]
    from: Source,
    /// Passes although a store was not tested because its server cannot be had; the summary says so.
    #[arg(long)]
    pub(crate) allow_missing: bool,
}

/// Where servers come from.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// What the environment names; else containers; else what is on the machine, or can be fetched.
    Auto,
    /// Containers; the machine's own programs where there is no image, and where a test kills its server.
    Containers,
    /// The machine's own programs, and what is fetched into target/tools, whatever the environment names.
    Native,
    /// What the environment names, and nothing else.
    External,
}

impl Services {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self.from {
            Source::Auto => "auto",
            Source::Containers => "containers",
            Source::Native => "native",
            Source::External => "external",
        }
    }

    /// Tells the tests that the command runs.
    pub(crate) fn tell(self, command: &mut Command) {
        command.env(VARIABLE, self.name());
    }
}

#[cfg(test)]
impl Services {
    /// From anywhere.
    pub(crate) fn auto(allow_missing: bool) -> Self {
        Self { from: Source::Auto, allow_missing }
    }
}
