//! Laws A02 and A03: which expectation holds of which stream.

use annals_core::{Digest, StreamHead, StreamId, Timestamp, Version};
use annals_ports::Expectation;

fn head(version: u64) -> StreamHead {
    let digest = Digest::from_bytes([u8::try_from(version).unwrap_or(u8::MAX); 32]);
    StreamHead { version: Version::new(version), recorded_at: Timestamp::UNIX_EPOCH, digest }
}

fn stream() -> StreamId {
    "order-1".parse().expect("a valid name")
}

#[test]
fn a02_each_expectation_holds_where_it_says() {
    let exact = |version| Expectation::Exact(Version::new(version));
    let other_digest = StreamHead { digest: Digest::ORIGIN, ..head(2) };
    // Without events, with one, with two.
    let table = [
        (Expectation::NoStream, [true, false, false]),
        (Expectation::Exists, [false, true, true]),
        (Expectation::Any, [true, true, true]),
        (exact(0), [true, false, false]),
        (exact(1), [false, true, false]),
        (exact(2), [false, false, true]),
        (exact(3), [false, false, false]),
        (Expectation::Exact(Version::MAX), [false, false, false]),
        (Expectation::Head(head(1)), [false, true, false]),
        (Expectation::Head(head(2)), [false, false, true]),
        (Expectation::Head(other_digest), [false, false, false]),
        (Expectation::unchanged(None), [true, false, false]),
        (Expectation::unchanged(Some(head(2))), [false, false, true]),
    ];
    for (expected, holds) in table {
        for (actual, holds) in [None, Some(head(1)), Some(head(2))].into_iter().zip(holds) {
            match expected.check(&stream(), actual.as_ref()) {
                Ok(()) => assert!(holds, "{expected} must not hold of {actual:?}"),
                Err(conflict) => {
                    assert!(!holds, "{expected} must hold of {actual:?}");
                    assert_eq!(
                        (conflict.stream, conflict.expected, conflict.actual),
                        (stream(), expected, actual)
                    );
                }
            }
        }
    }
}

#[test]
fn an_expectation_tells_the_place_that_it_leaves_no_choice_about() {
    assert_eq!(Expectation::NoStream.place(), Some(Version::FIRST));
    assert_eq!(Expectation::Exact(Version::new(4)).place(), Some(Version::new(5)));
    assert_eq!(Expectation::Head(head(7)).place(), Some(Version::new(8)));
    assert_eq!(Expectation::Exists.place(), None);
    assert_eq!(Expectation::Any.place(), None);
}

#[test]
fn a_conflict_says_what_was_expected_and_found() {
    let conflict = Expectation::NoStream.check(&stream(), Some(&head(2))).expect_err("it has events");
    assert_eq!(conflict.to_string(), "conflict at order-1: expected no events, found version 2 (02020202)");
    let conflict = Expectation::Exact(Version::new(3)).check(&stream(), None).expect_err("it has none");
    assert_eq!(conflict.to_string(), "conflict at order-1: expected version 3, found no events");
}
