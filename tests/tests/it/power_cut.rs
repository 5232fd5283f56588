//! A power cut in the middle of a load: writes that were not synced are lost, all of them or any. What was answered
//! is there nevertheless; with `durability=normal` the last answers may be lost, and nothing else is; with `off`
//! they are lost, which shows that the instrument works.
//!
//! `ANNALS_POWER_CUTS` says how often, `ANNALS_SEED` from which seed; `cargo xtask crash` sets both.

mod disk;
pub(crate) mod shim;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use annals::sqlite::Durability;
use tempfile::TempDir;

use crate::answers::Answers;
use crate::crash::{Moment, Tally, kill_at, seed};
use crate::load::{self, Orders};
use crate::{aftermath, child};
use disk::{Disk, Lost};
use shim::Shim;

/// A load that was cut off, with its disk's log.
struct Cut {
    folder: TempDir,
    answers: Answers,
}

impl Cut {
    fn of(shim: &Shim, name: &str, moment: Moment, orders: &Orders) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let live = folder.path().join("live");
        std::fs::create_dir(&live).unwrap();
        let mut command = orders.command(name, &live.join("bank.db"));
        shim.watch(&mut command, &live, &folder.path().join("log"));
        let answers = kill_at(moment, command);
        Self { folder, answers }
    }

    /// The file as the cut left it, in a folder of its own.
    fn file(&self, name: &str, lost: Lost) -> PathBuf {
        let disk = self.disk();
        let into = self.folder.path().join(name);
        std::fs::create_dir(&into).unwrap();
        disk.cut(lost, &into);
        into.join("bank.db")
    }

    fn disk(&self) -> Disk {
        Disk::of(&self.folder.path().join("log"))
    }
}

#[test]
fn what_was_answered_survives_a_power_cut_in_the_middle_of_a_load() {
    if child::role().is_some() {
        return annals::block_on(load::run());
    }
    let name = "power_cut::what_was_answered_survives_a_power_cut_in_the_middle_of_a_load";
    let (rounds, seed, begun) = (child::asked("ANNALS_POWER_CUTS", 3), seed(), Instant::now());
    let (shim, mut tally) = (Shim::build(), Tally::default());
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let moment = Moment::draw(&mut random);
        let story = format!("power cut {round} of seed {seed}, {moment:?}");
        let orders = Orders { durability: Durability::Full, seed: random.u64(..) };
        let cut = Cut::of(&shim, name, moment, &orders);
        let (nothing, some) = (cut.file("nothing", Lost::Everything), cut.file("some", Lost::Some(random)));
        tally.check(&nothing, &cut.answers, &format!("{story}, all that was not synced is lost"));
        tally.check(&some, &cut.answers, &format!("{story}, some of what was not synced is lost"));
    }
    tally.tell(&format!("{rounds} power cuts, two disks each"), seed, begun);
}

/// Late enough that there is something to lose, and that the log was begun.
const LATER: Moment = Moment::Later(600, Duration::from_millis(3));

#[test]
fn without_a_wait_for_the_disk_the_last_answers_may_be_lost_and_nothing_else() {
    if child::role().is_some() {
        return annals::block_on(load::run());
    }
    let name = "power_cut::without_a_wait_for_the_disk_the_last_answers_may_be_lost_and_nothing_else";
    let (rounds, seed) = (child::asked::<u64>("ANNALS_POWER_CUTS", 3).div_ceil(10), seed());
    let shim = Shim::build();
    for seed in seed..seed + rounds {
        let orders = Orders { durability: Durability::Normal, seed };
        let cut = Cut::of(&shim, name, LATER, &orders);
        let disks = [("nothing", Lost::Everything), ("some", Lost::Some(fastrand::Rng::with_seed(seed)))];
        for (disk, lost) in disks {
            let found = annals::block_on(aftermath::check(&cut.file(disk, lost), &cut.answers));
            let found = found.unwrap_or_else(|broken| panic!("{disk} was spared, seed {seed}: {broken}"));
            if disk == "nothing" {
                let answered = cut.answers.outcomes.len();
                // Were nothing lost here, the disk would not be one that forgets.
                assert!(found.lost > 0, "seed {seed}: nothing was lost, of {answered} answers");
            }
        }
    }
}

#[test]
fn with_syncing_off_a_power_cut_loses_answers_so_the_instrument_works() {
    if child::role().is_some() {
        return annals::block_on(load::run());
    }
    let name = "power_cut::with_syncing_off_a_power_cut_loses_answers_so_the_instrument_works";
    let orders = Orders { durability: Durability::Off, seed: seed() };
    let cut = Cut::of(&Shim::build(), name, LATER, &orders);
    assert!(!cut.answers.outcomes.is_empty(), "there is something to lose");
    assert_eq!(cut.disk().syncs, 0, "nothing asks for a sync");
    let found = annals::block_on(aftermath::check(&cut.file("nothing", Lost::Everything), &cut.answers));
    let is_lost = found.as_ref().map_or(true, |found| found.lost > 0);
    assert!(is_lost, "all {} answers were found: {found:?}", cut.answers.outcomes.len());
}
