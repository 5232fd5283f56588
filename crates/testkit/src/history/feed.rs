//! The feed as its readers saw it: pages, each from one position to another. Any number of readers' pages, given at any
//! time, must fit together (laws F01 to F03).
//!
//! The positions are numbers here, 0 for the beginning. What lies between the beginning and a position is the same
//! whichever way a reader came there; that is all that the laws come down to.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// The pages that were given, and what must be in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedHistory {
    /// Whether the feed has one order for all streams; else only each stream's own is compared (law F03, per slice).
    pub one_order: bool,
    /// The version that each stream has come to, all of which some reader must have been given.
    pub heads: BTreeMap<String, u64>,
    /// The pages, in any order.
    pub pages: Vec<Page>,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The position after which it was asked for.
    pub from: u32,
    /// The stream and version of each event in it.
    pub events: Vec<(String, u64)>,
    /// The position after it.
    pub to: u32,
}

/// A page of these events.
pub fn page(from: u32, events: &[(&str, u64)], to: u32) -> Page {
    let events = events.iter().map(|(stream, version)| ((*stream).to_owned(), *version)).collect();
    Page { from, events, to }
}

/// Pages that do not fit together, made fewer while they still do not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("law {law} is broken: {what}\n{smallest}\nassert_eq!(check_feed(&history), Ok(()));")]
pub struct FeedViolation {
    /// The law.
    pub law: &'static str,
    /// How.
    pub what: String,
    /// The pages that show it.
    pub smallest: FeedHistory,
}

/// Checks that no event was missed, given twice, or out of its stream's order, and that reading again gave the same.
///
/// # Errors
/// The first thing found wrong.
pub fn check_feed(history: &FeedHistory) -> Result<(), FeedViolation> {
    let Err(first) = fit(history) else { return Ok(()) };
    let mut smallest = history.clone();
    let mut found = first;
    // Without pages nothing has been missed; so what was missed is told by the pages as they are.
    let mut index = if found.is_missed { 0 } else { smallest.pages.len() };
    while index > 0 {
        index -= 1;
        let mut fewer = smallest.clone();
        fewer.pages.remove(index);
        if let Err(still) = fit(&fewer)
            && (still.law, still.is_missed) == (found.law, false)
        {
            (smallest, found) = (fewer, still);
        }
    }
    smallest.heads.retain(|_, _| found.is_missed);
    Err(FeedViolation { law: found.law, what: found.what, smallest })
}

struct Misfit {
    law: &'static str,
    what: String,
    is_missed: bool,
}

type Events = Vec<(String, u64)>;

fn fit(history: &FeedHistory) -> Result<(), Misfit> {
    let misfit = |law, what| Err(Misfit { law, what, is_missed: false });
    let mut reached: HashMap<u32, Events> = HashMap::from([(0, Vec::new())]);
    let mut left: Vec<&Page> = history.pages.iter().collect();
    // A page tells nothing before it is known what lies before it.
    while let Some(at) = left.iter().position(|page| reached.contains_key(&page.from)) {
        let Page { from, events, to } = left.swap_remove(at);
        let mut so_far = reached.get(from).cloned().unwrap_or_default();
        for (stream, version) in events {
            let last = so_far.iter().rfind(|(earlier, _)| earlier == stream).map_or(0, |(_, last)| *last);
            if *version <= last {
                return misfit("F01", format!("from {from} to {to}: {stream} {version} was given before"));
            }
            if *version != last + 1 {
                let missing = (stream.clone(), last + 1);
                let law = if events.contains(&missing) { "F02" } else { "F01" };
                let missing = missing.1;
                return misfit(
                    law,
                    format!("from {from} to {to}: {stream} {version} came, and {missing} did not before it"),
                );
            }
            so_far.push((stream.clone(), *version));
        }
        match reached.get(to) {
            Some(other) if !history.is_same(other, &so_far) => {
                return misfit("F03", format!("other events lie before {to} when one comes from {from}"));
            }
            Some(_) => {}
            None => {
                reached.insert(*to, so_far);
            }
        }
    }
    let longest = reached.values().max_by_key(|events| events.len()).cloned().unwrap_or_default();
    if history.one_order
        && let Some((position, _)) = reached.iter().find(|(_, events)| !longest.starts_with(events))
    {
        return misfit(
            "F03",
            format!("what lies before {position} came otherwise to a reader who went further"),
        );
    }
    for (stream, head) in &history.heads {
        let last = longest.iter().filter(|(given, _)| given == stream).count() as u64;
        if last != *head {
            let what = format!("{stream} has {head} events, and the feed gave {last} of them");
            return Err(Misfit { law: "F01", what, is_missed: true });
        }
    }
    Ok(())
}

impl FeedHistory {
    fn is_same(&self, one: &Events, other: &Events) -> bool {
        if self.one_order {
            return one == other;
        }
        // Each stream's versions are dense from 1, as was checked; so counting is comparing.
        let count = |events: &Events| {
            let mut streams = BTreeMap::new();
            for (stream, _) in events {
                *streams.entry(stream.clone()).or_insert(0) += 1;
            }
            streams
        };
        count(one) == count(other)
    }
}

impl fmt::Display for FeedHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<_> =
            self.heads.iter().map(|(stream, head)| format!("({stream:?}.to_owned(), {head})")).collect();
        writeln!(f, "let history = FeedHistory {{")?;
        writeln!(f, "    one_order: {},", self.one_order)?;
        writeln!(f, "    heads: BTreeMap::from([{}]),", heads.join(", "))?;
        writeln!(f, "    pages: vec![")?;
        for Page { from, events, to } in &self.pages {
            writeln!(f, "        page({from}, &{events:?}, {to}),")?;
        }
        f.write_str("    ],\n};")
    }
}
