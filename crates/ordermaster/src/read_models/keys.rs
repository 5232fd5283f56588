//! Keys of more than one part: the parts as text, divided by a blank.
//!
//! No id holds a blank (law A08), so a key always reads back as the same parts.

use std::fmt;
use std::str::FromStr;

use annals::Version;

/// A text that is no key of a read model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no key here: write {expected}, divided by a blank")]
pub struct InvalidKey {
    text: String,
    expected: &'static str,
}

/// Reads a key of two parts; `expected` names them for the error.
pub(crate) fn two_parts<A: FromStr, B: FromStr>(
    text: &str,
    expected: &'static str,
) -> Result<(A, B), InvalidKey> {
    text.split_once(' ')
        .and_then(|(first, second)| Some((first.parse().ok()?, second.parse().ok()?)))
        .ok_or_else(|| InvalidKey { text: text.chars().take(300).collect(), expected })
}

/// One event of an aggregate: whose, and at which version.
///
/// As text the version has ten digits, so that texts sort as versions do; it is read with any number of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry<I> {
    /// The aggregate.
    pub of: I,
    /// The event's place in its stream.
    pub version: Version,
}

impl<I> Entry<I> {
    /// The event of `of` at `version`.
    pub fn new(of: I, version: Version) -> Self {
        Self { of, version }
    }
}

impl<I: fmt::Display> fmt::Display for Entry<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.of, padded(self.version))
    }
}

impl<I: FromStr> FromStr for Entry<I> {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (of, version): (I, u64) = two_parts(text, "an id and a version")?;
        Ok(Self { of, version: Version::new(version) })
    }
}

/// A version as text that sorts as versions do.
pub(crate) fn padded(version: Version) -> String {
    format!("{:010}", version.get())
}

#[cfg(test)]
mod tests {
    use annals::Version;
    use ordermaster_domain::OrderId;

    use super::Entry;

    #[test]
    fn an_entry_reads_back_from_its_text() {
        let entry = Entry::new(OrderId::new("o/1").unwrap(), Version::new(12));
        assert_eq!(entry.to_string(), "o/1 0000000012");
        assert_eq!(entry.to_string().parse(), Ok(entry.clone()));
        assert_eq!("o/1 12".parse(), Ok(entry));
    }

    #[test]
    fn what_is_no_entry_is_refused_by_name() {
        let refused = "o-1".parse::<Entry<OrderId>>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            r#""o-1" is no key here: write an id and a version, divided by a blank"#
        );
    }
}
