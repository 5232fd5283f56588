//! One program for every store: purses, money that moves between them, a list of who owns how much, a look back.
//!
//! ```sh
//! cargo run -p annals --example purses -- sqlite://purses.db
//! cargo run -p annals --example purses --no-default-features --features postgres -- postgres://shop:secret@localhost/shop
//! ```
//!
//! Nothing below names a store. What is printed says nothing of one either: it is the same on each, and goes on where the
//! run before it ended.

#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::process::ExitCode;

use annals::ports::{IndexValue, IndexValues, RowQuery};
use annals::{
    Aggregate, AsOf, Context, DomainEvent, Keys, Metadata, Projection, Recorded, Repository, SnapshotPolicy,
    Store, Unit, serde,
};

#[derive(Clone, Debug, DomainEvent)]
#[event(category = "purse", prefix = "Purse")]
enum PurseEvent {
    PutIn { cents: u64 },
    TakenOut { cents: u64 },
}

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(crate = "annals::serde")]
struct Purse {
    cents: u64,
}

#[derive(Clone, Copy)]
enum PurseCommand {
    PutIn(u64),
    TakeOut(u64),
}

#[derive(Debug)]
struct TooLittle {
    cents: u64,
}

impl std::error::Error for TooLittle {}

impl std::fmt::Display for TooLittle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there are only {} cents", self.cents)
    }
}

impl Aggregate for Purse {
    type Id = String;
    type Event = PurseEvent;
    type Command = PurseCommand;
    type Rejection = TooLittle;

    fn evolve(&mut self, event: &PurseEvent) {
        match event {
            PurseEvent::PutIn { cents } => self.cents += cents,
            PurseEvent::TakenOut { cents } => self.cents -= cents,
        }
    }

    fn decide(&self, command: &PurseCommand, _: &Context) -> Result<Vec<PurseEvent>, TooLittle> {
        match *command {
            PurseCommand::PutIn(cents) => Ok(vec![PurseEvent::PutIn { cents }]),
            PurseCommand::TakeOut(cents) if cents > self.cents => Err(TooLittle { cents: self.cents }),
            PurseCommand::TakeOut(cents) => Ok(vec![PurseEvent::TakenOut { cents }]),
        }
    }
}

impl annals::Snapshotted for Purse {
    const STATE_SCHEMA: u32 = 1;
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(crate = "annals::serde")]
struct Owned {
    cents: u64,
    movements: u32,
}

/// Who owns how much, found by the amount.
struct Wealth;

impl Projection for Wealth {
    const NAME: &'static str = "wealth";
    const VERSION: u32 = 1;
    const INDEXES: &'static [&'static str] = &["cents"];
    type Event = PurseEvent;
    type Key = String;
    type Row = Owned;

    fn keys(&self, event: &Recorded<PurseEvent>) -> Keys<String> {
        Keys::one(event.header.stream.id().to_owned())
    }

    fn apply(&self, _: &String, row: Option<Owned>, event: &Recorded<PurseEvent>) -> Option<Owned> {
        let mut row = row.unwrap_or_default();
        row.movements += 1;
        match event.event {
            PurseEvent::PutIn { cents } => row.cents += cents,
            PurseEvent::TakenOut { cents } => row.cents -= cents,
        }
        Some(row)
    }

    fn index(&self, _: &String, row: &Owned) -> IndexValues {
        IndexValues::none().with("cents", [format!("{:012}", row.cents)])
    }
}

fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: purses URL");
        return ExitCode::from(2);
    };
    match annals::block_on(async { run(&annals::connect(&url).await?).await }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("purses: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(store: &Store) -> Result<(), Box<dyn std::error::Error>> {
    let purses = store.repository::<Purse>().with_snapshots(SnapshotPolicy::every(10));
    for (number, name) in ["ada", "bob", "cyd"].into_iter().enumerate() {
        for cents in 1..=12 {
            let put_in = PurseCommand::PutIn(cents * 100 + number as u64);
            purses.execute(&name.to_owned(), &put_in, Metadata::new().by(name)).await?;
        }
    }
    for (from, to, cents) in [("ada", "bob", 2_500), ("bob", "cyd", 1_000_000), ("cyd", "ada", 1)] {
        match transfer(store, &purses, from, to, cents).await {
            Ok(()) => println!("{from} gave {to} {cents} cents"),
            Err(refusal) => println!("{from} gave {to} nothing: {refusal}"),
        }
    }

    let runner = store.runner(Wealth);
    runner.catch_up(|_| {}).await?;
    let richest_first = RowQuery::index("cents", IndexValue::default()).backward();
    for (name, row) in runner.view().all(richest_first).await? {
        println!("{name} owns {} cents after {} movements", row.cents, row.movements);
    }

    let ada = "ada".to_owned();
    let (now, then) = (purses.load(&ada).await?, purses.load_at(&ada, AsOf::version(5)).await?);
    println!("ada owned {} cents at version 5", then.state.cents);
    println!("ada owns {} cents at version {}", now.state.cents, now.version());
    Ok(())
}

/// Moves money from one purse to another, in one commit.
async fn transfer(
    store: &Store,
    purses: &Repository<Purse>,
    from: &str,
    to: &str,
    cents: u64,
) -> Result<(), annals::UnitError> {
    Unit::new(store.adapter(), Metadata::new())
        .execute(purses, from.to_owned(), PurseCommand::TakeOut(cents))
        .execute(purses, to.to_owned(), PurseCommand::PutIn(cents))
        .commit()
        .await
        .map(drop)
}
