//! Carrying a script out: all lanes side by side, each step once under its key (law A12). Killed anywhere and begun again,
//! it goes on where it was, and the store ends the same.

use annals::{CommitId, Metadata, Unit, UnitError};

use super::script::{Business, LANES, Lane};
use super::step::{Act, Expected, Step};
use super::{GenerateError, GenerateReport};
use crate::app::OrderMaster;
use crate::business_time::as_of;
use crate::concurrent::{self, Tell, events_in};
use crate::stop::Stop;

/// What became of a step.
#[derive(Clone, Copy)]
enum Told {
    Done {
        commands: u64,
        events: u64,
    },
    AlreadyThere {
        commands: u64,
    },
    Refused(&'static str),
    /// The order's story is at its end.
    Order,
}

/// Carries out the script of a business; `on_progress` is told how many of its orders are done, and of how many.
///
/// # Errors
/// When the store fails, or a command comes out otherwise than it should.
pub async fn run(
    shop: &OrderMaster,
    business: Business,
    stop: &Stop,
    on_progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<GenerateReport, GenerateError> {
    let mut report = GenerateReport::default();
    for step in business.opening() {
        report.add(carry_out(shop, business.seed, step).await?);
    }
    on_progress(0, business.orders);
    let work = |lane: Lane, tell: Tell<Told>| {
        let (shop, stop) = (shop.clone(), stop.clone());
        async move { work_through(&shop, business.seed, lane, &stop, &tell).await }
    };
    let hear = |told| {
        report.add(told);
        on_progress(report.orders, business.orders);
    };
    let lanes = usize::try_from(LANES).unwrap_or(usize::MAX);
    concurrent::run(business.lanes(), lanes, stop, work, hear).await?;
    report.stopped = report.orders < business.orders;
    Ok(report)
}

async fn work_through(
    shop: &OrderMaster,
    seed: u64,
    lane: Lane,
    stop: &Stop,
    tell: &Tell<Told>,
) -> Result<(), GenerateError> {
    for story in lane {
        for step in story {
            if stop.is_asked() {
                return Ok(());
            }
            tell.tell(carry_out(shop, seed, step).await?).await;
        }
        tell.tell(Told::Order).await;
    }
    Ok(())
}

async fn carry_out(shop: &OrderMaster, seed: u64, step: Step) -> Result<Told, GenerateError> {
    let Step { key, at, acts, expected } = step;
    let commands = acts.len() as u64;
    let metadata = Metadata::correlated(&key).by(format!("generator s{seed}"));
    let unit =
        Unit::new(shop.store().adapter(), metadata).with_options(as_of(at)).once(CommitId::from_key(&key));
    let unit = acts.into_iter().fold(unit, |unit, act| match act {
        Act::Order(id, command) => unit.execute(shop.orders(), id, command),
        Act::Payment(id, command) => unit.execute(shop.payments(), id, command),
        Act::Stock(id, command) => unit.execute(shop.inventory(), id, command),
        Act::Account(id, command) => unit.execute(shop.accounts(), id, command),
    });
    match (unit.commit().await, expected) {
        (Ok(done), Expected::Done) if done.replayed() || done.is_unchanged() => {
            Ok(Told::AlreadyThere { commands })
        }
        (Ok(done), Expected::Done) => Ok(Told::Done { commands, events: events_in(&done) }),
        (Ok(_), Expected::Refused(tried)) => Err(GenerateError::NotRefused { step: key, tried }),
        (Err(UnitError::Rejected { .. } | UnitError::RefusedBefore { .. }), Expected::Refused(tried)) => {
            Ok(Told::Refused(tried))
        }
        (Err(refused @ (UnitError::Rejected { .. } | UnitError::RefusedBefore { .. })), Expected::Done) => {
            Err(GenerateError::Refused { step: key, reason: refused.to_string() })
        }
        (Err(source), _) => Err(GenerateError::Commit { step: key, source: Box::new(source) }),
    }
}

impl GenerateReport {
    fn add(&mut self, told: Told) {
        match told {
            Told::Done { commands, events } => {
                self.commands += commands;
                self.events += events;
            }
            Told::AlreadyThere { commands } => {
                self.commands += commands;
                self.already_there += 1;
            }
            Told::Refused(tried) => {
                self.commands += 1;
                *self.refused.entry(tried).or_default() += 1;
            }
            Told::Order => self.orders += 1,
        }
    }
}
