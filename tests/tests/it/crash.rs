//! `kill -9` in the middle of a load: what was answered is there, whole, and the next start needs no repair.
//!
//! `ANNALS_KILLS` says how often, `ANNALS_SEED` from which seed; `cargo xtask crash` sets both.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use annals::sqlite::Durability;

use crate::answers::Answers;
use crate::load::{self, EVENTS_MAX, Orders};
use crate::{aftermath, child};

/// The seed of this run, which is told so that the run can be made again.
pub(crate) fn seed() -> u64 {
    child::asked("ANNALS_SEED", u64::from(std::process::id()))
}

/// When a load is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// So long after its start: it may not even have opened the file.
    Early(Duration),
    /// So long after that many answers.
    Later(usize, Duration),
}

impl Moment {
    /// Anywhere: one in eight while the file is being opened, one in four after the log was copied into the file.
    pub(crate) fn draw(random: &mut fastrand::Rng) -> Self {
        let moment = Duration::from_micros(random.u64(0..20_000));
        match random.u8(0..8) {
            0 => Self::Early(Duration::from_micros(random.u64(0..60_000))),
            1 | 2 => Self::Later(random.usize(2_500..9_000), moment),
            _ => Self::Later(random.usize(1..2_500), moment),
        }
    }
}

/// Runs a load and kills it; answers what it was answered.
pub(crate) fn kill_at(moment: Moment, command: Command) -> Answers {
    let (running, lines) = child::Running::start(command);
    let (told, counted) = channel();
    let reader = thread::spawn(move || {
        let mut answers = Answers::default();
        for line in lines {
            if answers.keep(&line).unwrap_or_else(|broken| panic!("{broken}")) || line == "enough" {
                // The other end is gone once the moment has come.
                let _ = told.send(line == "enough");
            }
        }
        answers
    });
    match moment {
        Moment::Early(after) => thread::sleep(after),
        Moment::Later(count, after) => {
            for _ in 0..count {
                match counted.recv_timeout(Duration::from_secs(60)) {
                    Ok(false) => {}
                    Ok(true) => break,
                    Err(RecvTimeoutError::Timeout) => panic!("a minute went by without an answer"),
                    Err(RecvTimeoutError::Disconnected) => panic!("the load ended before it was killed"),
                }
            }
            thread::sleep(after);
        }
    }
    running.kill();
    reader.join().unwrap()
}

/// What a series of crashes came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answered: usize,
    pub(crate) events: usize,
}

impl Tally {
    /// Checks a file after a crash that it must have survived whole.
    pub(crate) fn check(&mut self, file: &Path, answers: &Answers, story: &str) {
        let found = annals::block_on(aftermath::check(file, answers));
        let found = found.unwrap_or_else(|broken| panic!("{story}: {broken}"));
        assert_eq!(found.lost, 0, "{story}: answered commits were lost, of {}", answers.outcomes.len());
        assert!(
            found.events as u64 <= EVENTS_MAX,
            "{story}: {} events are too many for a round",
            found.events
        );
        self.answered += answers.outcomes.len();
        self.events += found.events;
    }

    pub(crate) fn tell(&self, what: &str, seed: u64, begun: Instant) {
        let (answered, events, took) = (self.answered, self.events, begun.elapsed().as_secs_f64());
        println!(
            "summary: {what}: {answered} answered commits and {events} events checked, seed {seed}, {took:.0} s"
        );
    }
}

#[test]
fn what_was_answered_survives_a_kill_in_the_middle_of_a_load() {
    if child::role().is_some() {
        return annals::block_on(load::run());
    }
    let name = "crash::what_was_answered_survives_a_kill_in_the_middle_of_a_load";
    let (rounds, seed, begun) = (child::asked("ANNALS_KILLS", 10), seed(), Instant::now());
    let mut tally = Tally::default();
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_add(round));
        let moment = Moment::draw(&mut random);
        let story = format!("kill {round} of seed {seed}, {moment:?}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bank.db");
        let orders = Orders { durability: Durability::Full, seed: random.u64(..) };
        let answers = kill_at(moment, orders.command(name, &file));
        tally.check(&file, &answers, &story);
    }
    tally.tell(&format!("{rounds} kills"), seed, begun);
}
