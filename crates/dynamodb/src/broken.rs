//! What a test switches off to show that it would notice: behind the feature `broken`, by URL (`?broken=fence`).
//!
//! Without the feature everything stands, and the parameter is unknown.

use crate::options::DynamoOptions;

/// What keeps a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A batch of the feed is put only where none stands (F01, F03).
    Fence,
}

impl DynamoOptions {
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
pub(crate) fn named(mut options: DynamoOptions, name: &str) -> Option<DynamoOptions> {
    options.broken = Some(match name {
        "fence" => Broken::Fence,
        _ => return None,
    });
    Some(options)
}
