//! The work: commits of every kind over several streams, refusals, followers, snapshots and reads, each leaning on what
//! was done before it.

use crate::generators::ExpectationKind;

/// One thing to be done until it is answered.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// A commit: so many events for each stream.
    Commit(&'static [Target]),
    /// A commit marked `once`, under the id that this name gives. Whoever restarts decides again, and otherwise.
    Once(&'static str, &'static [Target]),
    /// A refusal recorded under the id that this name gives.
    Refuse(&'static str),
    /// That nothing was to change, recorded under the id that this name gives.
    Unchanged(&'static str),
    /// A commit that must conflict at its first stream.
    Doomed(&'static [Target]),
    /// A follower brings its view up to date.
    Follow,
    /// A snapshot of a stream at its head, which may fail and is not tried again (law S04).
    Snapshot(&'static str),
    /// A stream is read in every way there is.
    Look(&'static str),
}

/// A stream, what is expected of it, and how many events it gets.
pub(super) type Target = (&'static str, ExpectationKind, u64);

pub(super) fn script() -> Vec<Deed> {
    use ExpectationKind::{Any, Beyond, Exact, Exists, Head, NoStream};
    vec![
        Deed::Commit(&[("order-1", NoStream, 2)]),
        Deed::Commit(&[("order-2", NoStream, 1), ("payment-1", Head, 1)]),
        Deed::Follow,
        Deed::Once("charge", &[("payment-1", Head, 1), ("order-2", Any, 2)]),
        Deed::Snapshot("order-2"),
        Deed::Doomed(&[("order-1", NoStream, 1), ("payment-2", Any, 1)]),
        Deed::Commit(&[("order-1", Head, 1)]),
        Deed::Refuse("ship"),
        Deed::Once("charge", &[("payment-3", NoStream, 1)]),
        Deed::Unchanged("settle"),
        Deed::Once("ship", &[("order-1", Any, 3)]),
        Deed::Once("settle", &[("order-2", Any, 1)]),
        Deed::Commit(&[("order-1", Exact, 1), ("order-2", Exists, 1), ("order-3", Any, 3)]),
        Deed::Look("order-1"),
        Deed::Doomed(&[("order-3", Beyond, 1)]),
        Deed::Snapshot("order-1"),
        Deed::Follow,
    ]
}
