//! What a commit stands on: for each of its appends the head that it continues, vouched for by this store (laws A02, A03
//! and A14).

use annals_core::{StreamId, Version};
use annals_ports::Expectation;

use crate::DynamoStore;
use crate::event_item;
use crate::fault::Fault;
use crate::heads::Known;
use crate::read::Freshness;
use crate::tables::Table;

/// What an append stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Footing {
    /// This head, or none yet. Whether it is still the last, the write's own condition tells.
    On(Option<Known>),
    /// Nothing: the stream never came to what is expected, or has gone beyond it.
    None,
}

impl Footing {
    pub(crate) fn known(self) -> Option<Known> {
        match self {
            Self::On(known) => known,
            Self::None => None,
        }
    }
}

impl DynamoStore {
    /// What an append to `stream` stands on.
    pub(crate) async fn footing(&self, stream: &StreamId, expected: &Expectation) -> Result<Footing, Fault> {
        let (version, head) = match expected {
            Expectation::NoStream => (Version::NONE, None),
            Expectation::Exact(version) => (*version, None),
            Expectation::Head(head) => (head.version, Some(head)),
            Expectation::Any => return Ok(Footing::On(self.head_of(stream).await?)),
            Expectation::Exists => {
                let known = self.head_of(stream).await?;
                return Ok(known.map_or(Footing::None, |known| Footing::On(Some(known))));
            }
        };
        let known = self.shared.heads.known(stream);
        let known = match known {
            // Its next place is taken.
            Some(known) if known.head.version > version => return Ok(Footing::None),
            Some(known) if known.head.version == version => Some(known),
            _ if version == Version::NONE => None,
            _ => self.known_at(stream, version).await?,
        };
        let is_vouched = match (head, &known) {
            // A02: a head is compared whole.
            (Some(head), known) => known.is_some_and(|known| known.head == *head),
            // A03: there is such a version.
            (None, known) => known.is_some() || version == Version::NONE,
        };
        Ok(if is_vouched { Footing::On(known) } else { Footing::None })
    }

    async fn known_at(&self, stream: &StreamId, version: Version) -> Result<Option<Known>, Fault> {
        let key = event_item::key(stream, version);
        let found = self.database().get(Table::Events, &key, Freshness::Consistent).await?;
        let known = found.as_ref().map(Known::of).transpose()?;
        if let Some(known) = known {
            self.shared.heads.learn(stream, known);
        }
        Ok(known)
    }
}
