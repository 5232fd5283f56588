//! What a test switches off to show that it would notice: behind the feature `broken`, by URL (`?broken=fence`).
//!
//! Without the feature everything stands, and the parameter is unknown.

use crate::options::PostgresOptions;

/// What keeps a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Readers wait for writers that drew lower positions (F01).
    Fence,
    /// A reader goes on from the last event that it saw (F01, after a crash).
    Cursor,
}

impl PostgresOptions {
    /// Whether that is switched off.
    pub(crate) fn lacks(&self, what: Broken) -> bool {
        #[cfg(feature = "broken")]
        return self.broken == Some(what);
        #[cfg(not(feature = "broken"))]
        {
            let _ = (self, what);
            false
        }
    }
}

/// The options without what `name` names.
#[cfg(feature = "broken")]
pub(crate) fn named(mut options: PostgresOptions, name: &str) -> Option<PostgresOptions> {
    options.broken = Some(match name {
        "fence" => Broken::Fence,
        "cursor" => Broken::Cursor,
        _ => return None,
    });
    Some(options)
}
