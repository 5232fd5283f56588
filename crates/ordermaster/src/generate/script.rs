//! The script: what happens, and in which order. Pure, and drawn from the seed alone.
//!
//! Orders are dealt to 64 lanes, which run side by side. A lane has articles of its own and works through its orders one
//! after another, so that the script knows how many pieces there are; lanes meet only at the tills. What happens to an
//! order depends on the seed and its number, and on nothing else.

use std::time::Duration;

use annals::Timestamp;

use super::accounts;
use super::catalogue;
use super::fates::Fate;
use super::order::OrderStory;
use super::shelf::Shelf;
use super::step::{Step, Telling};

/// How many lanes there are.
pub const LANES: u64 = 64;
/// One account is told for so many orders.
const ORDERS_PER_ACCOUNT: u64 = 20;
/// Monday, 2 March 2026.
const FIRST_DAY: Timestamp = Timestamp::from_micros(1_772_409_600_000_000);
/// How busy the days of a week are, from Monday.
const BUSY: [u64; 7] = [10, 11, 9, 12, 15, 20, 16];

/// A business to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Business {
    /// What it is drawn from: the same seed, the same business.
    pub seed: u64,
    /// How many orders.
    pub orders: u64,
    /// Over how many days; at least 1.
    pub days: u32,
}

/// The stories of one lane, one an order, in their order.
#[derive(Clone, Debug)]
pub struct Lane {
    business: Business,
    number: u64,
    next: u64,
    shelf: Shelf,
}

impl Business {
    /// What must have happened before any lane begins.
    pub fn opening(&self) -> Vec<Step> {
        let mut telling = Telling::new(format!("generate {} opening", self.seed));
        accounts::open_tills(&mut telling, self.seed, FIRST_DAY);
        telling.finish()
    }

    /// The lanes.
    pub fn lanes(self) -> impl Iterator<Item = Lane> {
        (0..LANES.min(self.orders)).map(move |number| Lane {
            business: self,
            number,
            next: number,
            shelf: Shelf::new(self.seed, number),
        })
    }

    /// When the order with this number is placed: spread over the days, and evenly over each.
    fn placed_at(&self, number: u64) -> Timestamp {
        let days = u64::from(self.days.max(1));
        let busy = |day: u64| BUSY[usize::try_from(day % 7).unwrap_or(0)];
        let all: u64 = (0..days).map(busy).sum();
        // In millionths of a day as busy as 1.
        let mut left = number * all * 1_000_000 / self.orders.max(1);
        for day in 0..days {
            let length = busy(day) * 1_000_000;
            if left < length {
                let seconds = day * 86_400 + left * 86_400 / length;
                return FIRST_DAY.plus(Duration::from_secs(seconds));
            }
            left -= length;
        }
        FIRST_DAY.plus(Duration::from_secs(days * 86_400 - 1))
    }
}

impl Iterator for Lane {
    type Item = Vec<Step>;

    fn next(&mut self) -> Option<Vec<Step>> {
        let (business, number) = (self.business, self.next);
        if number >= business.orders {
            return None;
        }
        self.next += LANES;
        let mut rng = fastrand::Rng::with_seed(drawn_from(business.seed, number));
        let mut telling = Telling::new(format!("generate {} order {number}", business.seed));
        let at = business.placed_at(number);
        self.shelf.fill_up(&mut telling, at, &mut rng);
        if rng.u8(0..100) < 3 {
            self.shelf.count(&mut telling, at, &mut rng);
        }
        if number.is_multiple_of(ORDERS_PER_ACCOUNT) {
            accounts::tell(&mut telling, business.seed, number / ORDERS_PER_ACCOUNT, at, &mut rng);
        }
        let fate = Fate::drawn(&mut rng);
        // Squared, so that some customers come often and most seldom.
        let customer = rng.u64(0..1_000) * rng.u64(0..1_000) / 500;
        let money = catalogue::currency(rng.u64(0..100));
        let order =
            OrderStory::new(business.seed, number, customer, money, at, &mut self.shelf, rng, telling);
        Some(order.tell(fate, self.number).finish())
    }
}

/// A number that looks like none of its neighbours' (the finisher of `SplitMix64`).
fn drawn_from(seed: u64, number: u64) -> u64 {
    let mut mixed =
        seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number.wrapping_mul(0xD134_2543_DE82_EF95));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    use super::{Business, LANES};
    use crate::generate::{Act, Expected, Step};

    fn steps(business: Business) -> Vec<Step> {
        let opening = business.opening();
        opening.into_iter().chain(business.lanes().flatten().flatten()).collect()
    }

    const SMALL: Business = Business { seed: 7, orders: 2_000, days: 7 };

    #[test]
    fn the_same_seed_tells_the_same_and_another_one_does_not() {
        assert_eq!(steps(SMALL), steps(SMALL));
        assert_ne!(steps(SMALL), steps(Business { seed: 8, ..SMALL }));
    }

    #[test]
    fn more_orders_begin_with_the_same_stories() {
        let keys = |orders| -> HashSet<String> {
            steps(Business { orders, ..SMALL }).into_iter().map(|step| step.key).collect()
        };
        assert!(keys(500).is_subset(&keys(1_000)));
    }

    #[test]
    fn no_two_steps_have_the_same_key() {
        let steps = steps(SMALL);
        let keys: HashSet<_> = steps.iter().map(|step| &step.key).collect();
        assert_eq!(keys.len(), steps.len());
    }

    #[test]
    fn every_kind_of_command_is_given_and_each_aggregate_refuses() {
        let (mut given, mut refused) = (BTreeSet::new(), BTreeMap::<&str, u64>::new());
        for step in steps(SMALL) {
            for act in &step.acts {
                let name = match act {
                    Act::Order(_, command) => ("order", command.name()),
                    Act::Payment(_, command) => ("payment", command.name()),
                    Act::Stock(_, command) => ("stock", command.name()),
                    Act::Account(_, command) => ("account", command.name()),
                };
                given.insert(name);
                if let Expected::Refused(_) = step.expected {
                    *refused.entry(name.0).or_default() += 1;
                }
            }
        }
        assert_eq!(given.len(), 10 + 4 + 5 + 4, "{given:?}");
        assert_eq!(refused.len(), 4, "{refused:?}");
    }

    #[test]
    fn business_is_spread_over_its_days() {
        let mut days = BTreeSet::new();
        for number in 0..SMALL.orders {
            days.insert(SMALL.placed_at(number).date());
        }
        assert_eq!(days.len(), 7);
        assert_eq!(
            (days.first().unwrap().as_str(), days.last().unwrap().as_str()),
            ("2026-03-02", "2026-03-08")
        );
        let one = Business { days: 1, ..SMALL };
        assert!((0..one.orders).all(|number| one.placed_at(number).date() == "2026-03-02"));
    }

    #[test]
    fn every_order_is_in_one_lane() {
        let orders: usize = SMALL.lanes().map(Iterator::count).sum();
        assert_eq!((SMALL.lanes().count() as u64, orders), (LANES, 2_000));
    }
}
