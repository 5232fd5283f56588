//! The suite's own small domain, for the laws that are seen through the layers: tallies that are counted up and taken
//! from, belong to an owner, and may be given to by gifts that name them only.
//!
//! Pure, and as small as the laws allow.

use std::fmt;

use annals_core::{Aggregate, Context, DomainEvent, EventSet, Recorded, Snapshotted, StreamId};
use annals_projection::{Keys, Projection};
use serde::{Deserialize, Serialize};

/// What happens to a tally.
#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "tally", prefix = "Tally")]
pub enum TallyEvent {
    /// It was opened for an owner.
    Opened {
        /// The owner.
        owner: String,
    },
    /// It was counted up.
    Counted {
        /// By how much.
        by: u64,
    },
    /// It was taken from.
    Taken {
        /// How much.
        by: u64,
    },
}

/// What happens to a gift.
#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "gift", prefix = "Gift")]
pub enum GiftEvent {
    /// It was given to a tally, which it names by id.
    Given {
        /// The tally's id.
        tally: String,
        /// How much.
        by: u64,
    },
}

/// Both, as the read model subscribes to them.
#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum TallyOrGift {
    /// Of a tally.
    Tally(TallyEvent),
    /// Of a gift.
    Gift(GiftEvent),
}

/// A tally: what it comes to, and each move that led there, so that any order but the right one shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// What it comes to.
    pub total: u64,
    /// What was counted and taken, in order.
    pub moves: Vec<i64>,
}

/// What can be asked of a tally.
#[derive(Clone, Debug, PartialEq)]
pub enum TallyCommand {
    /// To count up.
    Count(u64),
    /// To give some of it; refused when there is less.
    Take(u64),
    /// To give all of it; nothing happens when there is nothing.
    Empty,
}

/// The refusal to give more than there is.
#[derive(Clone, Debug, PartialEq)]
pub struct TooLittle {
    /// What there is.
    pub there: u64,
    /// What was asked for.
    pub wanted: u64,
}

impl fmt::Display for TooLittle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} wanted, {} there", self.wanted, self.there)
    }
}

impl std::error::Error for TooLittle {}

impl Aggregate for Tally {
    type Id = String;
    type Event = TallyEvent;
    type Command = TallyCommand;
    type Rejection = TooLittle;

    fn evolve(&mut self, event: &TallyEvent) {
        let signed = |by: u64| i64::try_from(by).unwrap_or(i64::MAX);
        match event {
            TallyEvent::Opened { .. } => {}
            TallyEvent::Counted { by } => {
                self.total += by;
                self.moves.push(signed(*by));
            }
            TallyEvent::Taken { by } => {
                self.total = self.total.saturating_sub(*by);
                self.moves.push(-signed(*by));
            }
        }
    }

    fn decide(&self, command: &TallyCommand, _: &Context) -> Result<Vec<TallyEvent>, TooLittle> {
        match command {
            TallyCommand::Count(by) => Ok(vec![TallyEvent::Counted { by: *by }]),
            TallyCommand::Take(wanted) if *wanted > self.total => {
                Err(TooLittle { there: self.total, wanted: *wanted })
            }
            TallyCommand::Take(by) => Ok(vec![TallyEvent::Taken { by: *by }]),
            TallyCommand::Empty if self.total == 0 => Ok(Vec::new()),
            TallyCommand::Empty => Ok(vec![TallyEvent::Taken { by: self.total }]),
        }
    }
}

impl Snapshotted for Tally {
    const STATE_SCHEMA: u32 = 3;
}

/// What an owner has in all tallies together, gifts included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// Tallies.
    pub tallies: u64,
    /// What they come to.
    pub total: i64,
    /// Gifts among it.
    pub gifts: u64,
}

/// The read model: a row for each owner.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holdings;

/// The rows that an event of either kind belongs to: a tally's owner is learned from its first event.
pub fn owner_of(event: &Recorded<TallyOrGift>) -> Keys<String> {
    match &event.event {
        TallyOrGift::Tally(TallyEvent::Opened { owner }) => Keys::routed().learn(owner.clone()),
        TallyOrGift::Tally(_) => Keys::routed(),
        TallyOrGift::Gift(GiftEvent::Given { tally, .. }) => {
            StreamId::new(Tally::CATEGORY, tally).map_or_else(|_| Keys::none(), Keys::via)
        }
    }
}

impl Projection for Holdings {
    const NAME: &'static str = "holdings";
    const VERSION: u32 = 1;
    type Event = TallyOrGift;
    type Key = String;
    type Row = Holding;

    fn keys(&self, event: &Recorded<TallyOrGift>) -> Keys<String> {
        owner_of(event)
    }

    fn apply(&self, _: &String, row: Option<Holding>, event: &Recorded<TallyOrGift>) -> Option<Holding> {
        let mut row = row.unwrap_or_default();
        match &event.event {
            TallyOrGift::Tally(TallyEvent::Opened { .. }) => row.tallies += 1,
            TallyOrGift::Tally(TallyEvent::Counted { by }) => row.total += i64::try_from(*by).ok()?,
            TallyOrGift::Tally(TallyEvent::Taken { by }) => row.total -= i64::try_from(*by).ok()?,
            TallyOrGift::Gift(GiftEvent::Given { by, .. }) => {
                row.total += i64::try_from(*by).ok()?;
                row.gifts += 1;
            }
        }
        Some(row)
    }
}
