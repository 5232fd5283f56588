//! The numbers of a view's batches: which one is this process's to write with, which were burnt, and taking over.
//!
//! Whoever commits a batch is given the next number with it, so that a runner that stays pays nothing. A process that was
//! given none, or gave up in the middle, takes over: the number that was given out is burnt, and the one after it is its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use annals_ports::{Lease, ViewId};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes};
use crate::leases;
use crate::read::Query;
use crate::tables::Table;
use crate::view_changes::Stop;
use crate::view_items::{self, Parts};
use crate::view_standing::{Moment, Standing};
use crate::write::Write;

/// Burnt numbers that lie in one item.
const IN_AN_ITEM: u64 = 1_024;

/// A number that this process may write with, in a generation of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) generation: u64,
    pub(crate) number: u64,
}

/// What this process knows of the numbers of views.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    own: Mutex<HashMap<ViewId, Own>>,
    burnt: Mutex<HashMap<ViewId, Burnt>>,
}

/// The numbers of a generation of a view that were burnt, the first `count` of them and maybe more.
#[derive(Clone, Debug)]
struct Burnt {
    generation: u64,
    count: u64,
    numbers: Arc<BTreeSet<u64>>,
}

impl Numbers {
    /// The number that is this process's, which whoever takes it must give back: a batch that is given up in the middle
    /// leaves none, and the next one takes over.
    pub(crate) fn take(&self, view: &ViewId) -> Option<Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(view)
    }

    pub(crate) fn give_back(&self, view: &ViewId, own: Own) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(view.clone(), own);
    }

    /// How a view is seen by where it stands.
    pub(crate) async fn moment(&self, database: &Database, standing: Standing) -> Result<Moment, Fault> {
        let parts = Parts::of(&standing.view, standing.generation, database.shape.view_shards);
        if standing.burnt == 0 {
            return Ok(Moment { standing, burnt: Arc::default(), parts });
        }
        let known = self.burnt.lock().unwrap_or_else(PoisonError::into_inner).get(&standing.view).cloned();
        let is_enough =
            |known: &Burnt| known.generation == standing.generation && known.count >= standing.burnt;
        let burnt = match known.filter(is_enough) {
            Some(known) => known.numbers,
            None => self.read_burnt(database, &standing, &parts).await?,
        };
        Ok(Moment { standing, burnt, parts })
    }

    /// Reads and keeps the numbers that were burnt.
    async fn read_burnt(
        &self,
        database: &Database,
        standing: &Standing,
        parts: &Parts,
    ) -> Result<Arc<BTreeSet<u64>>, Fault> {
        let (view, count) = (&standing.view, standing.burnt);
        let numbers = Arc::new(burnt(database, parts).await?);
        if (numbers.len() as u64) < count {
            return Err(Fault::damaged(format!("{view} does not know which of its writes count")));
        }
        // More may have been burnt since, and only some of these may have been read.
        let known = Burnt { generation: standing.generation, count, numbers: Arc::clone(&numbers) };
        self.burnt.lock().unwrap_or_else(PoisonError::into_inner).insert(view.clone(), known);
        Ok(numbers)
    }
}

async fn burnt(database: &Database, parts: &Parts) -> Result<BTreeSet<u64>, Fault> {
    let query = Query::new(Table::Views, "#part = :part").name("#part", "Part");
    let found = database.query_up_to(query.value(":part", item::text(parts.burnt())), usize::MAX).await?;
    let mut burnt = BTreeSet::new();
    for item in &found.items {
        burnt.extend(item.numbers("Numbers")?);
    }
    Ok(burnt)
}

/// Notes a number as burnt: for the transaction that gives out a later one.
pub(crate) fn burn(parts: &Parts, number: u64) -> Write {
    let key = view_items::key(parts.burnt(), format!("{:016}", number / IN_AN_ITEM));
    let write = Write::update(Table::Views, key, "ADD #numbers :numbers").name("#numbers", "Numbers");
    write.value(":numbers", AttributeValue::Ns(vec![number.to_string()]))
}

/// Makes the next number this process's. Whoever it was given to can commit nothing any more (V02).
pub(crate) async fn take_over(
    database: &Database,
    view: &ViewId,
    lease: &Lease,
    standing: Option<&Standing>,
) -> Result<Own, Stop> {
    let key = view_items::view_key(view);
    let (writes, own) = match standing {
        None => {
            let begin = Write::update(Table::Views, key, "SET #gen = :one, #next = :one")
                .when("attribute_not_exists(#gen)")
                .name("#gen", "Gen")
                .name("#next", "Next")
                .value(":one", item::number(1));
            (vec![leases::check(lease), begin], Own { generation: 1, number: 1 })
        }
        Some(Standing { generation, next, .. }) => {
            let update = Write::update(Table::Views, key, "SET #next = :next ADD #burnt :one")
                .when("#gen = :gen AND #next = :found")
                .name("#gen", "Gen")
                .name("#next", "Next")
                .name("#burnt", "Burnt")
                .value(":gen", item::number(generation))
                .value(":found", item::number(next))
                .value(":next", item::number(next + 1))
                .value(":one", item::number(1));
            let parts = Parts::of(view, *generation, database.shape.view_shards);
            let writes = vec![leases::check(lease), update, burn(&parts, *next)];
            (writes, Own { generation: *generation, number: next + 1 })
        }
    };
    match database.transact(&writes).await {
        Ok(()) => Ok(own),
        // The lease was lost, somebody else took over, or we did, and the answer was lost: what stands now tells.
        Err(fault) if fault.kind == Kind::Condition => Err(Stop::Overtaken),
        Err(fault) => Err(Stop::Fault(fault)),
    }
}
