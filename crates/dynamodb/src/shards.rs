//! The shards of a table's stream: how far each was read, and in which order they are read.
//!
//! A shard is followed by its children, which are read once it was read to its end: a key's records then come in their order.
//! Marks are kept for the shards that are being read and for those that wait for them; an ancestor of these has been read.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::{Fault, Kind};
use crate::item;
use crate::item::Item;

/// How far a shard was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing of it.
    Start,
    /// Up to the record with this sequence number.
    After(String),
    /// To its end.
    Done,
}

/// How far each shard was read, by its id.
pub(crate) type Marks = BTreeMap<String, Mark>;

/// A shard as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
}

/// What was listed, beside the marks that were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// A moment ago: a shard that appears is new.
    Now,
    /// Possibly long ago: a shard that appears from nowhere, or was not read to its end and is gone, shows that records were
    /// missed.
    Before,
}

/// The marks of all shards that are listed. Refused as [`Kind::Trimmed`] when records were missed.
pub(crate) fn resolve(marks: &Marks, listed: &[Listed], since: Since) -> Result<Marks, Fault> {
    let parents: BTreeMap<&str, Option<&str>> =
        listed.iter().map(|shard| (shard.id.as_str(), shard.parent.as_deref())).collect();
    let cut = |what: String| Err(Fault::new(Kind::Trimmed, what));
    let gone = marks.iter().find(|(id, mark)| **mark != Mark::Done && !parents.contains_key(id.as_str()));
    if let (Some((id, _)), Since::Before) = (gone, since) {
        return cut(format!("shard {id} of the stream was not read to its end, and is gone"));
    }
    let mut ancestors = BTreeSet::new();
    for id in marks.keys() {
        let mut parent = parents.get(id.as_str()).copied().flatten();
        while let Some(id) = parent.filter(|id| !ancestors.contains(id)) {
            ancestors.insert(id);
            parent = parents.get(id).copied().flatten();
        }
    }
    let mut resolved = Marks::new();
    for shard in listed {
        let mark = match marks.get(&shard.id) {
            Some(mark) => mark.clone(),
            None if ancestors.contains(shard.id.as_str()) => Mark::Done,
            None => {
                let is_known = |id: &str| parents.contains_key(id) || marks.contains_key(id);
                if since == Since::Before && !shard.parent.as_deref().is_some_and(is_known) {
                    return cut(format!("shard {} of the stream follows what was not read", shard.id));
                }
                Mark::Start
            }
        };
        resolved.insert(shard.id.clone(), mark);
    }
    // A list may lag; what is truly gone says so when it is read.
    let unlisted =
        marks.iter().filter(|(id, mark)| **mark != Mark::Done && !parents.contains_key(id.as_str()));
    resolved.extend(unlisted.map(|(id, mark)| (id.clone(), mark.clone())));
    Ok(resolved)
}

/// The shards that can be read: those whose parents have been read to their ends.
pub(crate) fn readable(marks: &Marks, parents: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let is_waiting = |id: &String| {
        let parent = parents.get(id).and_then(Option::as_ref);
        parent.and_then(|parent| marks.get(parent)).is_some_and(|mark| *mark != Mark::Done)
    };
    let open = marks.iter().filter(|(_, mark)| **mark != Mark::Done).map(|(id, _)| id);
    open.filter(|id| !is_waiting(id)).cloned().collect()
}

/// The marks that must be kept: a shard that was read to its end is known by its children.
pub(crate) fn kept(marks: &Marks, parents: &BTreeMap<String, Option<String>>) -> Marks {
    let is_parent: BTreeSet<&String> = parents
        .iter()
        .filter(|(id, _)| marks.contains_key(*id))
        .filter_map(|(_, parent)| parent.as_ref())
        .collect();
    let is_kept = |(id, mark): &(&String, &Mark)| **mark != Mark::Done || !is_parent.contains(id);
    marks.iter().filter(is_kept).map(|(id, mark)| (id.clone(), mark.clone())).collect()
}

impl Mark {
    pub(crate) fn value(&self) -> aws_sdk_dynamodb::types::AttributeValue {
        item::text(match self {
            Self::Start => "start",
            Self::After(number) => number,
            Self::Done => "done",
        })
    }

    pub(crate) fn read(text: &str) -> Self {
        match text {
            "start" => Self::Start,
            "done" => Self::Done,
            number => Self::After(number.to_owned()),
        }
    }
}

/// Marks as a map of an item.
pub(crate) fn to_map(marks: &Marks) -> Item {
    marks.iter().map(|(id, mark)| (id.clone(), mark.value())).collect()
}

/// Marks from a map of an item; none when it is none.
pub(crate) fn from_map(map: &Item) -> Option<Marks> {
    let mark = |(id, mark): (&String, &aws_sdk_dynamodb::types::AttributeValue)| {
        Some((id.clone(), Mark::read(mark.as_s().ok()?)))
    };
    map.iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(shards: &[(&str, Option<&str>)]) -> Vec<Listed> {
        let listed = |(id, parent): &(&str, Option<&str>)| Listed {
            id: (*id).to_owned(),
            parent: parent.map(str::to_owned),
        };
        shards.iter().map(listed).collect()
    }

    fn marks(of: &[(&str, Mark)]) -> Marks {
        of.iter().map(|(id, mark)| ((*id).to_owned(), mark.clone())).collect()
    }

    fn parents(listed: &[Listed]) -> BTreeMap<String, Option<String>> {
        listed.iter().map(|shard| (shard.id.clone(), shard.parent.clone())).collect()
    }

    #[test]
    fn parents_are_read_before_their_children() {
        let listed = listed(&[("a", None), ("b", Some("a")), ("c", Some("a")), ("d", Some("b"))]);
        let mut marks =
            resolve(&marks(&[("a", Mark::After("7".to_owned()))]), &listed, Since::Before).unwrap();
        assert_eq!(readable(&marks, &parents(&listed)), ["a"]);
        marks.insert("a".to_owned(), Mark::Done);
        assert_eq!(readable(&marks, &parents(&listed)), ["b", "c"]);
        let kept = kept(&marks, &parents(&listed));
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
        // The children tell that their parent was read, also one that was listed after the other.
        let fewer = super::tests::marks(&[("b", Mark::Start)]);
        let again = resolve(&fewer, &listed, Since::Before).unwrap();
        assert_eq!(
            again,
            super::tests::marks(&[
                ("a", Mark::Done),
                ("b", Mark::Start),
                ("c", Mark::Start),
                ("d", Mark::Start)
            ])
        );
    }

    #[test]
    fn what_was_missed_shows() {
        let after = |number: &str| Mark::After(number.to_owned());
        let missed = |known: &[(&str, Mark)], shards: &[(&str, Option<&str>)]| {
            let resolved = resolve(&marks(known), &listed(shards), Since::Before);
            resolved.is_err_and(|fault| fault.kind == Kind::Trimmed)
        };
        assert!(missed(&[("a", after("7"))], &[("c", Some("b"))]), "the shard is gone");
        assert!(missed(&[("a", Mark::Done)], &[("c", Some("b"))]), "the one between is gone");
        assert!(!missed(&[("a", Mark::Done)], &[("b", Some("a"))]), "its parent was read");
        assert!(!missed(&[("a", after("7"))], &[("a", Some("0"))]), "it goes on");
    }

    #[test]
    fn marks_read_back() {
        let marks = marks(&[("a", Mark::Start), ("b", Mark::After("12".to_owned())), ("c", Mark::Done)]);
        assert_eq!(from_map(&to_map(&marks)), Some(marks));
    }
}
