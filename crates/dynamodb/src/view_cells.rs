//! A cell: what a view keeps under one key, in its newest version and the one before, in one item.
//!
//! A version is a value, or that there is none, with the number of the batch that wrote it. A batch puts its own version
//! beside the newest that counts, so that readers find one or the other (V01), and writes over what does not count. It
//! puts the item as it is to be under the condition that it stands as it was read: no write of anybody is ever lost.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::tables::Table;
use crate::view_changes::Stop;
use crate::view_standing::Moment;
use crate::write::Write;

/// The most bytes of two versions in one item; an item has room for 409,600, with its keys.
const TOGETHER_MAX: usize = 390_000;

/// Values in indexes, by index.
pub(crate) type Index = BTreeMap<String, String>;

/// A value of a version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// There is none: it was taken away.
    Gone,
    Here(AttributeValue),
    /// It had no room beside the newer one, and lies in an item of its own, until that is replaced. A process that died in
    /// between leaves one behind, until the view is dropped.
    Apart,
}

/// What a batch wrote.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) value: Value,
    pub(crate) index: Index,
}

impl Version {
    fn size(&self) -> usize {
        let value = match &self.value {
            Value::Here(AttributeValue::S(text)) => text.len(),
            Value::Here(AttributeValue::B(bytes)) => bytes.as_ref().len(),
            _ => 0,
        };
        value + self.index.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.value == Value::Gone
    }
}

/// A cell as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) now: Version,
    pub(crate) before: Option<Version>,
}

/// What a reader sees of a cell.
pub(crate) enum Seen<'a> {
    Nothing,
    Version(&'a Version),
    /// What it should see is there no more: the view has moved on since it looked.
    Outdated,
}

/// The names of a version's attributes.
struct Names {
    number: &'static str,
    value: &'static str,
    index: &'static str,
    apart: &'static str,
}

const NOW: Names = Names { number: "At", value: "Row", index: "Index", apart: "Apart" };
const BEFORE: Names = Names { number: "PrevAt", value: "Prev", index: "PrevIndex", apart: "PrevApart" };

impl Cell {
    pub(crate) fn read(item: &Item) -> Result<Self, Fault> {
        let now = read(item, &NOW)?.ok_or_else(|| Fault::damaged("an item of a view bears no number"))?;
        Ok(Self { now, before: read(item, &BEFORE)? })
    }

    /// What counts of it.
    pub(crate) fn seen(&self, moment: &Moment) -> Seen<'_> {
        if moment.shows(self.now.number) {
            return Seen::Version(&self.now).unless_gone();
        }
        match &self.before {
            None => Seen::Nothing,
            // What is kept beside another always counted when that was written.
            Some(before) if before.number > moment.standing.seq => Seen::Outdated,
            Some(before) => Seen::Version(before).unless_gone(),
        }
    }

    fn write(&self, key: &Item, found: Option<u64>) -> Write {
        let mut item = key.clone();
        write(&mut item, &self.now, &NOW);
        if let Some(before) = &self.before {
            write(&mut item, before, &BEFORE);
        }
        let put = Write::put(Table::Views, item);
        match found {
            None => put.where_none_stands(),
            Some(found) => put.when("#at = :at").name("#at", NOW.number).value(":at", item::number(found)),
        }
    }
}

impl<'a> Seen<'a> {
    fn unless_gone(self) -> Self {
        match self {
            Self::Version(version) if version.is_gone() => Self::Nothing,
            seen => seen,
        }
    }

    pub(crate) fn version(self) -> Option<&'a Version> {
        match self {
            Self::Version(version) => Some(version),
            _ => None,
        }
    }
}

fn read(item: &Item, names: &Names) -> Result<Option<Version>, Fault> {
    let Some(number) = item.maybe_number(names.number)? else { return Ok(None) };
    let value = match item.attribute(names.value) {
        Some(value) => Value::Here(value.clone()),
        None if item.attribute(names.apart).is_some() => Value::Apart,
        None => Value::Gone,
    };
    let mut index = Index::new();
    if let Some(AttributeValue::M(found)) = item.attribute(names.index) {
        for name in found.keys() {
            index.insert(name.clone(), found.text(name)?.to_owned());
        }
    }
    Ok(Some(Version { number, value, index }))
}

fn write(item: &mut Item, version: &Version, names: &Names) {
    item.insert(names.number.to_owned(), item::number(version.number));
    match &version.value {
        Value::Here(value) => drop(item.insert(names.value.to_owned(), value.clone())),
        Value::Apart => drop(item.insert(names.apart.to_owned(), AttributeValue::Bool(true))),
        Value::Gone => {}
    }
    if !version.index.is_empty() {
        let index: HashMap<_, _> =
            version.index.iter().map(|(name, value)| (name.clone(), item::text(value))).collect();
        item.insert(names.index.to_owned(), AttributeValue::M(index));
    }
}

/// A cell to be changed: where it lies, and what it is to hold.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: Item,
    /// None to take it away.
    pub(crate) value: Option<AttributeValue>,
    pub(crate) index: Index,
    /// Whether what it holds already stays.
    pub(crate) keeps: bool,
}

/// What a change came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changed {
    /// By how much it changed how many there are.
    pub(crate) difference: i64,
    /// Whether the cell holds nothing now and can be removed, once that counts.
    pub(crate) is_gone: bool,
    /// Values by index that find it no more, once it counts.
    pub(crate) left: Vec<(String, String)>,
    /// Versions that lay apart, and that nobody looks for once it counts.
    pub(crate) apart: Vec<u64>,
}

/// The step from a cell as it stands to one that holds what it is to hold as well.
pub(crate) struct Step {
    /// None when it holds that already, and nothing need be written.
    pub(crate) cell: Option<Cell>,
    /// The version before, when it must be put into an item of its own first.
    pub(crate) apart: Option<Version>,
    /// Values by index that are to find it and do not yet.
    pub(crate) entered: Vec<(String, String)>,
    pub(crate) changed: Changed,
}

impl Change {
    /// The step for who writes with `number`.
    pub(crate) fn step(&self, found: Option<&Cell>, number: u64, moment: &Moment) -> Result<Step, Stop> {
        let value = self.value.clone().map_or(Value::Gone, Value::Here);
        let now = Version { number, value, index: self.index.clone() };
        // What counts, and what was written and does not.
        let (before, stray) = match found {
            None => (None, None),
            Some(cell) if cell.now.number > number => return Err(Stop::Overtaken),
            Some(cell) if moment.shows(cell.now.number) => (Some(&cell.now), None),
            Some(cell) => (cell.before.as_ref(), Some(&cell.now)),
        };
        let stood = before.filter(|version| !version.is_gone());
        let difference = i64::from(!now.is_gone()) - i64::from(stood.is_some());
        let mut step = Step { cell: None, apart: None, entered: Vec::new(), changed: Changed::default() };
        let is_as_it_stands = match stood {
            Some(stood) => self.keeps || (stood.value == now.value && stood.index == now.index),
            None => now.is_gone(),
        };
        if is_as_it_stands {
            return Ok(step);
        }
        let finds = |index: &Index, (name, value): (&String, &String)| index.get(name) == Some(value);
        let pairs = |index: &Index| index.clone().into_iter().collect::<Vec<_>>();
        step.entered = pairs(&now.index);
        step.entered.retain(|(name, value)| !stood.is_some_and(|stood| finds(&stood.index, (name, value))));
        step.changed.difference = difference;
        step.changed.is_gone = now.is_gone();
        let left = stood.into_iter().chain(stray).flat_map(|version| pairs(&version.index));
        step.changed.left = left.filter(|(name, value)| !finds(&now.index, (name, value))).collect();
        // Beside the newest that counted lay one that nobody needs when two newer ones count.
        let older = found.filter(|_| stray.is_none()).and_then(|cell| cell.before.as_ref());
        step.changed
            .apart
            .extend(older.filter(|older| older.value == Value::Apart).map(|older| older.number));
        let mut before = before.cloned();
        if let Some(before) = &mut before
            && matches!(before.value, Value::Here(_))
            && now.size() + before.size() > TOGETHER_MAX
        {
            step.apart = Some(before.clone());
            before.value = Value::Apart;
        }
        if now.is_gone() {
            let apart = before.iter().filter(|before| before.value == Value::Apart);
            step.changed.apart.extend(apart.map(|before| before.number));
        }
        step.cell = Some(Cell { now, before });
        Ok(step)
    }
}

/// Puts a cell where one stands, or none. Gives what stands there now when that is not what was read.
pub(crate) async fn put(
    database: &Database,
    key: &Item,
    cell: &Cell,
    found: Option<&Cell>,
) -> Result<Result<(), Option<Cell>>, Stop> {
    match database.write(&cell.write(key, found.map(|found| found.now.number))).await {
        Ok(_) => Ok(Ok(())),
        Err(fault) if fault.kind == Kind::Condition => {
            let standing = fault.found(0).map(Cell::read).transpose()?;
            // Our own attempt, whose answer was lost.
            let is_there = standing.as_ref().is_some_and(|standing| standing.now.number == cell.now.number);
            Ok(if is_there { Ok(()) } else { Err(standing) })
        }
        Err(fault) => Err(Stop::Fault(fault)),
    }
}
