//! The articles of one lane, and how many of each there are: a script knows it, for nobody else touches them.

use annals::Timestamp;
use ordermaster_domain::{InventoryCommand, OrderId, Quantity, Reason};

use super::catalogue::Article;
use super::step::{Act, Telling, valid};

/// How many articles a lane has.
pub(super) const ARTICLES: usize = 3;
/// More than an order can take of an article.
const LOW: u64 = 40;

/// The articles of a lane.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    places: [Place; ARTICLES],
}

#[derive(Clone, Debug)]
struct Place {
    article: Article,
    on_hand: u64,
    reserved: u64,
}

/// Pieces of the article at a place of the shelf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    pub(super) place: usize,
    pub(super) quantity: Quantity,
}

impl Shelf {
    /// The shelf of a lane, empty.
    pub(super) fn new(seed: u64, lane: u64) -> Self {
        let place = |place: usize| {
            let number = lane * ARTICLES as u64 + place as u64;
            Place { article: Article::new(seed, number), on_hand: 0, reserved: 0 }
        };
        Self { places: std::array::from_fn(place) }
    }

    pub(super) fn article(&self, place: usize) -> &Article {
        &self.places[place].article
    }

    /// Takes pieces in where there are few left.
    pub(super) fn fill_up(&mut self, telling: &mut Telling, at: Timestamp, rng: &mut fastrand::Rng) {
        for place in &mut self.places {
            if place.on_hand - place.reserved < LOW {
                let quantity = rng.u32(120..400);
                place.on_hand += u64::from(quantity);
                let receive = InventoryCommand::Receive { quantity: valid(Quantity::new(quantity)) };
                telling.done(at, [Act::Stock(place.article.sku.clone(), receive)]);
            }
        }
    }

    /// Counts an article, and finds a few pieces broken.
    pub(super) fn count(&mut self, telling: &mut Telling, at: Timestamp, rng: &mut fastrand::Rng) {
        let place = &mut self.places[rng.usize(0..ARTICLES)];
        place.on_hand -= rng.u64(1..4);
        let reason = valid(Reason::new("broken pieces found while counting"));
        let adjust = InventoryCommand::Adjust { counted: place.on_hand, reason };
        telling.done(at, [Act::Stock(place.article.sku.clone(), adjust)]);
    }

    pub(super) fn reserve(&mut self, order: &OrderId, pieces: Pieces) -> Act {
        self.places[pieces.place].reserved += u64::from(pieces.quantity);
        self.act(pieces.place, InventoryCommand::Reserve { order: order.clone(), quantity: pieces.quantity })
    }

    pub(super) fn release(&mut self, order: &OrderId, pieces: Pieces) -> Act {
        self.places[pieces.place].reserved -= u64::from(pieces.quantity);
        self.act(pieces.place, InventoryCommand::Release { order: order.clone(), quantity: pieces.quantity })
    }

    pub(super) fn allocate(&mut self, order: &OrderId, pieces: Pieces) -> Act {
        let place = &mut self.places[pieces.place];
        place.reserved -= u64::from(pieces.quantity);
        place.on_hand -= u64::from(pieces.quantity);
        self.act(pieces.place, InventoryCommand::Allocate { order: order.clone(), quantity: pieces.quantity })
    }

    /// Puts back what was allocated.
    pub(super) fn put_back(&mut self, pieces: Pieces) -> Act {
        self.places[pieces.place].on_hand += u64::from(pieces.quantity);
        self.act(pieces.place, InventoryCommand::Receive { quantity: pieces.quantity })
    }

    pub(super) fn act(&self, place: usize, command: InventoryCommand) -> Act {
        Act::Stock(self.places[place].article.sku.clone(), command)
    }
}
