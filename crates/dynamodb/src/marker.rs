//! The marker of a commit: an item under its id that says what was recorded and where (laws A06 and A12).
//!
//! A commit whose events' places follow from its own value needs none: they are found at their places. One that takes
//! whatever place is next, or that is to take effect once, writes its marker in the same transaction; an outcome without
//! events is its marker alone.

use annals_core::limits::ROW_BYTES_MAX;
use annals_core::{CommitId, Json, StreamId, Version};
use annals_ports::{Appended, Commit};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::fault::Fault;
use crate::item::{self, Attributes, Item};
use crate::tables::Table;
use crate::write::Write;

/// What a commit left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) what: Marked,
    /// A number drawn by the call that wrote it, by which it knows its own after an answer was lost.
    pub(crate) by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    /// Events, at these places in the commit's order.
    Events(Vec<Places>),
    Refusal(Json),
    Unchanged,
}

/// A stream's part of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) stream: StreamId,
    pub(crate) first: Version,
    pub(crate) last: Version,
}

impl Places {
    pub(crate) fn of(added: &Appended) -> Self {
        Self { stream: added.stream.clone(), first: added.first, last: added.head.version }
    }

    /// Each of them.
    pub(crate) fn each(&self) -> impl Iterator<Item = (StreamId, Version)> + '_ {
        (self.first.get()..=self.last.get()).map(|version| (self.stream.clone(), Version::new(version)))
    }
}

/// Whether a commit is found by its marker: its value does not say where its events stand, or it is to take effect once.
pub(crate) fn is_needed(commit: &Commit) -> bool {
    commit.is_once() || commit.appends().iter().any(|append| append.expected.place().is_none())
}

/// A number for one call to know its own writes by.
pub(crate) fn draw() -> String {
    format!("{:016x}", fastrand::u64(..))
}

pub(crate) fn key(id: CommitId) -> Item {
    Item::from([
        ("AggregateId".to_owned(), item::text(format!("$commit#{id}"))),
        ("Version".to_owned(), item::number(0)),
    ])
}

/// The write of a marker, where none stands.
pub(crate) fn write(id: CommitId, marker: &Marker) -> Write {
    let mut made = key(id);
    let kind = match &marker.what {
        Marked::Events(places) => {
            let place = |places: &Places| {
                AttributeValue::L(vec![
                    item::text(places.stream.as_str()),
                    item::number(places.first.get()),
                    item::number(places.last.get()),
                ])
            };
            made.insert("Places".to_owned(), AttributeValue::L(places.iter().map(place).collect()));
            "events"
        }
        Marked::Refusal(reason) => {
            made.insert("Reason".to_owned(), item::json(reason));
            "refusal"
        }
        Marked::Unchanged => "unchanged",
    };
    made.insert("Kind".to_owned(), item::text(kind));
    made.insert("By".to_owned(), item::text(&marker.by));
    Write::put(Table::Events, made).where_none_stands()
}

/// The marker that an item is.
pub(crate) fn read(found: &Item) -> Result<Marker, Fault> {
    let what = match found.text("Kind")? {
        "events" => Marked::Events(places(found)?),
        "refusal" => Marked::Refusal(found.json("Reason", ROW_BYTES_MAX)?),
        "unchanged" => Marked::Unchanged,
        kind => return Err(Fault::damaged(format!("a commit's marker is of the kind {kind:?}"))),
    };
    Ok(Marker { what, by: found.text("By")?.to_owned() })
}

fn places(found: &Item) -> Result<Vec<Places>, Fault> {
    let wrong = || Item::wrong("Places", found.attribute("Places"));
    let list = found.attribute("Places").and_then(|places| places.as_l().ok()).ok_or_else(wrong)?;
    let place = |place: &AttributeValue| {
        let [stream, first, last] = place.as_l().ok()?.as_slice() else { return None };
        let number = |value: &AttributeValue| value.as_n().ok()?.parse().ok().map(Version::new);
        let stream = stream.as_s().ok()?.parse().ok()?;
        Some(Places { stream, first: number(first)?, last: number(last)? })
    };
    list.iter().map(|found| place(found).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Change;

    #[test]
    fn markers_read_back() {
        let places = |stream: &str, first, last| Places {
            stream: stream.parse().unwrap(),
            first: Version::new(first),
            last: Version::new(last),
        };
        for what in [
            Marked::Events(vec![places("order-1", 3, 5), places("payment-~#$", 1, 1)]),
            Marked::Refusal(Json::parse(r#"{"reason":"sold out"}"#).unwrap()),
            Marked::Unchanged,
        ] {
            let marker = Marker { what, by: draw() };
            let Change::Put { item } = write(CommitId::new(), &marker).change else { panic!("it is put") };
            assert_eq!(read(&item).unwrap(), marker);
        }
    }
}
