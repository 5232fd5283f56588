//! The seeds of a run: numbered from 1, or the one that a person wants repeated.

/// The seeds 1 to `count`, or the one that `ANNALS_SEED` names in the environment.
///
/// # Panics
/// When `ANNALS_SEED` is no number.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("ANNALS_SEED") {
        Ok(seed) => vec![seed.parse().unwrap_or_else(|_| panic!("ANNALS_SEED={seed} is no whole number"))],
        Err(_) => (1..=count).collect(),
    }
}
