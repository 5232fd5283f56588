//! Runs every target over its corpus, over seeded mutations of it, and over inputs too large to be kept. A panic or an
//! input that takes too long fails with the input, ready to be kept in `corpus/<target>/`.
//!
//! `ANNALS_MUTATIONS` in the environment says how many mutations to try instead, `ANNALS_SEED` from which seed.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use annals_fuzz::{TARGETS, Target};

/// What one input may take; in fact it takes under a millisecond, and a large one under a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longer inputs than this are not mutated: fewer would be tried.
const LENGTH_MAX: usize = 4 * 1024;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a whole number"))
}

fn target(name: &str) -> Target {
    TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name").1
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.expect("a readable folder").path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "the corpus of {name} has {} inputs", paths.len());
    paths.iter().map(|path| std::fs::read(path).expect("a readable file")).collect()
}

/// Runs the target over the inputs on a thread of its own, so that one that hangs is told.
fn run(target: Target, inputs: impl Iterator<Item = Vec<u8>> + Send + 'static) -> u64 {
    let (begin, begun) = channel();
    let worker = std::thread::spawn(move || {
        for input in inputs {
            begin.send(input.clone()).expect("the test listens");
            target(&input);
        }
    });
    let (mut count, mut last) = (0, Vec::new());
    loop {
        match begun.recv_timeout(PATIENCE) {
            Ok(input) => (count, last) = (count + 1, input),
            Err(RecvTimeoutError::Timeout) => {
                panic!("after {PATIENCE:?} without an answer: {}", shown(&last))
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    assert!(worker.join().is_ok(), "a property breaks on {}", shown(&last));
    count
}

fn shown(input: &[u8]) -> String {
    let start = &input[..input.len().min(LENGTH_MAX)];
    format!("{} bytes: b\"{}\"", input.len(), start.escape_ascii())
}

fn mutations(seeds: Vec<Vec<u8>>, count: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(number("ANNALS_SEED", 1));
    let seeds: Vec<_> = seeds.into_iter().filter(|seed| seed.len() <= LENGTH_MAX).collect();
    (0..count).map(move |_| {
        let mut input = seeds[random.usize(..seeds.len())].clone();
        for _ in 0..random.usize(1..=4) {
            mutate(&mut input, &seeds, &mut random);
        }
        input.truncate(2 * LENGTH_MAX);
        input
    })
}

/// Changes one thing: bytes, a run of them, or a run of another seed in its place.
fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut fastrand::Rng) {
    const NASTY: &[&[u8]] = &[
        b"\0",
        b"\"",
        b"\\",
        b"\r\n",
        b"\n",
        b"{",
        b"[",
        b"}",
        b"-",
        b"%",
        b"e999",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\x1b[2J",
        b"\\u0000",
        b"\\ud800",
        b"18446744073709551616",
        b"-0",
        b"0.000000000001",
        b",",
        b"?",
        b"&",
        b"=",
        b"@",
        b":",
        b"/",
        b";",
        b".",
        b"~",
        b" ",
        b"\xe2\x80\xa8",
        b"99999999999999999999999999999999",
    ];
    let from = random.usize(..=input.len());
    let to = (from + random.usize(..=8)).min(input.len());
    match random.u8(..6) {
        0 if from < input.len() => input[from] ^= 1 << random.u8(..8),
        1 if from < input.len() => input[from] = random.u8(..),
        2 => drop(input.drain(from..to)),
        3 => {
            let copy = input[from..to].to_vec();
            drop(input.splice(from..from, copy));
        }
        4 => {
            let other = &seeds[random.usize(..seeds.len())];
            let start = random.usize(..=other.len());
            let end = (start + random.usize(..=64)).min(other.len());
            drop(input.splice(from..to, other[start..end].iter().copied()));
        }
        _ => drop(input.splice(from..to, NASTY[random.usize(..NASTY.len())].iter().copied())),
    }
}

/// Inputs of about 1 MiB: one line, one token, nesting without end.
fn large() -> Vec<Vec<u8>> {
    let mib = |text: &str, times: usize| text.repeat(times).into_bytes();
    let of = |before: &str, middle: &str, after: &str| {
        format!("{before}{}{after}", middle.repeat(1 << 17)).into_bytes()
    };
    vec![
        mib("x", 1 << 20),
        mib("\"", 1 << 17),
        mib("\n", 1 << 17),
        mib("1,", 1 << 17),
        mib("[", 1 << 17),
        of("{\"a\":", "{\"a\":", ""),
        of("{\"a\":\"", "\\u0041", "\"}"),
        of("{\"a\":", "9", "}"),
        of("order-1 OrderCreated 1\n{}\n{\"lines\":[", "{},", "{}]}"),
        of("order-", "%41", ""),
        of("postgres://user:secret@host/", "&a=", ""),
        of("sqlite://", "%41", "?create=true"),
    ]
}

fn holds_over_its_corpus_and_mutations_of_it(name: &str) {
    let seeds = corpus(name);
    let kept = seeds.len() as u64;
    assert_eq!(run(target(name), seeds.clone().into_iter()), kept);
    let count = number("ANNALS_MUTATIONS", 10_000);
    assert_eq!(run(target(name), mutations(seeds, count)), count);
    assert_eq!(run(target(name), large().into_iter()), large().len() as u64);
}

macro_rules! tests {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                holds_over_its_corpus_and_mutations_of_it(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_run_and_has_a_shell_for_the_fuzzer() {
            let named: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(named, [$(stringify!($name)),*]);
            let shell = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
            let manifest = std::fs::read_to_string(shell.join("Cargo.toml")).expect("the shell has a manifest");
            for name in named {
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no target of the shell");
                assert!(shell.join(format!("targets/{name}.rs")).is_file(), "{name} has no file in the shell");
            }
        }
    };
}

tests! { canonical_json csv_import event_decoding positions_and_tokens stream_ids_and_urls upcasting }
