//! The hub of a store's feed in this process (to be written).

use std::sync::Arc;

use annals_ports::Appended;

use crate::database::Database;

pub(crate) struct Hub;

impl Hub {
    pub(crate) fn of(_: &Arc<Database>) -> Arc<Self> {
        Arc::new(Self)
    }

    /// Notes what this process has committed, and nudges whoever keeps the feed.
    pub(crate) fn committed(&self, _: &[Appended]) {}
}
