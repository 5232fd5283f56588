//! Where in the views table what a view keeps lies.
//!
//! The first key attribute, `Part`, is fields joined as in page tokens: a kind, the view's name and version, its
//! *generation*, which a reset raises, and a shard. All parts of a generation can be named, and so be swept. The second,
//! `Sort`, is a row's key, a stream, or an index value with a key, and sorts by bytes.

use annals_core::{StreamId, Version};
use annals_ports::{Parked, ViewId};

use crate::event_item::shard_of;
use crate::item::{self, Attributes, Item};
use annals_ports::tokens;

/// The part that every view's own item lies in.
pub(crate) const VIEWS: &str = "$views";

/// The end of an index value in the sort key of an entry: below what ends a part, above what begins an escape.
const VALUE_END: char = '\u{1e}';
/// What begins an escape within an index value in a sort key.
const ESCAPE: char = '\u{1d}';
/// What stands in a sort key for an index value of no parts: below every other.
const NO_VALUE: char = '\u{1c}';

/// An item's key.
pub(crate) fn key(part: impl Into<String>, sort: impl Into<String>) -> Item {
    Item::from([("Part".to_owned(), item::text(part)), ("Sort".to_owned(), item::text(sort))])
}

/// The key that an item stands under.
pub(crate) fn key_of(item: &Item) -> Item {
    let text = |name| item.maybe_text(name).unwrap_or_default();
    key(text("Part"), text("Sort"))
}

/// The key of a view's own item.
pub(crate) fn view_key(view: &ViewId) -> Item {
    key(VIEWS, tokens::join(&[&view.name, &view.version.to_string()]))
}

/// The view whose own item stands under this sort key.
pub(crate) fn view_of(sort: &str) -> Option<ViewId> {
    let [name, version] = tokens::split::<2>(sort)?;
    Some(ViewId { name, version: version.parse().ok()? })
}

/// The parts of one generation of a view.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    name: String,
    version: String,
    generation: String,
    shards: u32,
}

impl Parts {
    pub(crate) fn of(view: &ViewId, generation: u64, shards: u32) -> Self {
        let (version, generation) = (view.version.to_string(), generation.to_string());
        Self { name: view.name.clone(), version, generation, shards }
    }

    fn named(&self, kind: &str, more: &[&str]) -> String {
        let fields = [kind, &self.name, &self.version, &self.generation];
        tokens::join(&fields.iter().chain(more).copied().collect::<Vec<_>>())
    }

    fn shard(&self, kind: &str, name: &str) -> String {
        self.named(kind, &[&shard_of(name, self.shards).to_string()])
    }

    fn shards(&self, kind: &str) -> Vec<String> {
        (0..self.shards).map(|shard| self.named(kind, &[&shard.to_string()])).collect()
    }

    /// Where a row lies.
    pub(crate) fn row(&self, row: &str) -> Item {
        key(self.shard("r", row), row)
    }

    pub(crate) fn rows(&self) -> Vec<String> {
        self.shards("r")
    }

    /// Where the older version of a row lies that has no room beside the newer one.
    pub(crate) fn apart(&self, row: &str, number: u64) -> Item {
        key(self.shard("o", row), format!("{row}\u{1f}{number}"))
    }

    /// Where the entry lies that finds a row by its value in an index.
    pub(crate) fn entry(&self, index: &str, value: &str, row: &str) -> Item {
        let shard = shard_of(row, self.shards).to_string();
        key(self.named("i", &[index, &shard]), entry_sort(value, row))
    }

    pub(crate) fn entries(&self, index: &str) -> Vec<String> {
        (0..self.shards).map(|shard| self.named("i", &[index, &shard.to_string()])).collect()
    }

    /// Where a stream's routes lie.
    pub(crate) fn routes(&self, stream: &StreamId) -> Item {
        key(self.shard("t", stream.as_str()), stream.as_str())
    }

    /// Where a route lies that is one too many for its stream's item.
    pub(crate) fn more_routes(&self, stream: &StreamId, route: &str) -> Item {
        key(self.shard("t", stream.as_str()), format!("{}{route}", more_routes(stream)))
    }

    /// Where an event lies that waits for a route.
    pub(crate) fn parked(&self, parked: &Parked) -> Item {
        let Parked { awaits, stream, version } = parked;
        let sort = format!("{}{stream} {:020}", awaiting(awaits), version.get());
        key(self.shard("p", awaits.as_str()), sort)
    }

    /// The part of what waits for a route of this stream.
    pub(crate) fn parked_for(&self, awaits: &StreamId) -> String {
        self.shard("p", awaits.as_str())
    }

    pub(crate) fn all_parked(&self) -> Vec<String> {
        self.shards("p")
    }

    /// Where the numbers that were given up lie.
    pub(crate) fn burnt(&self) -> String {
        self.named("b", &[])
    }

    /// Every part, by the names of the indexes that the view ever had.
    pub(crate) fn all<'a>(&self, indexes: impl Iterator<Item = &'a String>) -> Vec<String> {
        let mut parts: Vec<String> = ["r", "o", "t", "p"].iter().flat_map(|kind| self.shards(kind)).collect();
        parts.extend(indexes.flat_map(|index| self.entries(index)));
        parts.push(self.burnt());
        parts
    }
}

/// The view and the generation that a part is of.
pub(crate) fn owner(part: &str) -> Option<(ViewId, u64)> {
    let fields: Option<Vec<_>> = part.split('.').map(tokens::decode).collect();
    match fields?.as_slice() {
        [_, name, version, generation, ..] => {
            Some((ViewId::new(name.clone(), version.parse().ok()?), generation.parse().ok()?))
        }
        _ => None,
    }
}

/// How the sort keys begin of what waits for this stream: no stream's name holds a space.
pub(crate) fn awaiting(awaits: &StreamId) -> String {
    format!("{awaits} ")
}

/// How the sort keys begin of routes that are too many for their stream's item.
pub(crate) fn more_routes(stream: &StreamId) -> String {
    format!("{stream} ")
}

/// The parked event that stands under this sort key.
pub(crate) fn parked_of(sort: &str) -> Option<Parked> {
    let mut fields = sort.split(' ');
    let mut field = || fields.next();
    let (awaits, stream) = (field()?.parse().ok()?, field()?.parse().ok()?);
    Some(Parked { awaits, stream, version: Version::new(field()?.parse().ok()?) })
}

/// An index value and a row's key as one text that sorts as the two do, one after the other, and is no longer than both.
///
/// A value ends with U+001F, and holds no other control character but that, between parts, and U+001E, before an escaped
/// one. Its end is written lower than both; so it comes before every value that goes on where it ends.
fn entry_sort(value: &str, row: &str) -> String {
    match value.strip_suffix('\u{1f}') {
        Some(value) => format!("{}{VALUE_END}{row}", escaped(value)),
        None => format!("{NO_VALUE}{row}"),
    }
}

fn escaped(value: &str) -> String {
    value.chars().map(|c| if c == '\u{1e}' { ESCAPE } else { c }).collect()
}

/// The index value and the key in the sort key of an entry.
pub(crate) fn entry_of(sort: &str) -> Option<(String, String)> {
    if let Some(row) = sort.strip_prefix(NO_VALUE) {
        return Some((String::new(), row.to_owned()));
    }
    let (value, row) = sort.split_once(VALUE_END)?;
    let value: String = value.chars().map(|c| if c == ESCAPE { '\u{1e}' } else { c }).collect();
    Some((value + "\u{1f}", row.to_owned()))
}

/// The first and the last text between which the entries lie whose values begin with the parts of `prefix`. None for all.
pub(crate) fn entries_between(prefix: &str) -> Option<(String, String)> {
    let value = escaped(prefix.strip_suffix('\u{1f}')?);
    // What goes on after the prefix goes on with U+001F; what follows that is below a space.
    Some((format!("{value}{VALUE_END}"), format!("{value} ")))
}

#[cfg(test)]
mod tests {
    use annals_ports::IndexValue;

    use super::*;

    #[test]
    fn entries_sort_as_values_and_keys_do_and_read_back() {
        let parts: [&[&str]; 11] = [
            &[],
            &[""],
            &["", ""],
            &["a"],
            &["a", ""],
            &["a", "b"],
            &["a\u{1e}"],
            &["a\u{1f}b"],
            &["ab"],
            &["a b"],
            &["\u{7f}é😀", "x"],
        ];
        let values = parts.iter().map(|parts| IndexValue::of(*parts).as_str().to_owned());
        let keys = ["a", "é", " ", "zz"];
        let mut pairs: Vec<_> =
            values.flat_map(|value| keys.map(|key| (value.clone(), key.to_owned()))).collect();
        pairs.sort_unstable();
        let sorts: Vec<_> = pairs.iter().map(|(value, key)| entry_sort(value, key)).collect();
        assert!(sorts.is_sorted());
        for ((value, key), sort) in pairs.iter().zip(&sorts) {
            assert!(sort.len() <= value.len().max(1) + key.len());
            assert_eq!(entry_of(sort), Some((value.clone(), key.clone())));
        }
        for prefix in parts.iter().map(|parts| IndexValue::of(*parts)) {
            let Some((low, high)) = entries_between(prefix.as_str()) else { continue };
            for ((value, _), sort) in pairs.iter().zip(&sorts) {
                let is_within = low <= *sort && *sort <= high;
                assert_eq!(is_within, value.starts_with(prefix.as_str()), "{value:?} by {prefix:?}");
            }
        }
    }
}
