//! The history checker, on histories known good and bad.

use std::collections::BTreeMap;

use annals_core::{CommitId, StreamId};
use annals_ports::{Append, Commit, EventStore, Expectation};
use annals_testkit::history::Answer::{Conflict as Conflicts, Done, Replayed, Unknown};
use annals_testkit::history::Expected::{Any, Exact, Exists, Head, NoStream};
use annals_testkit::history::{
    FeedHistory, NotLinearizable, Operation, StreamHistory, UNRECORDED, check, check_feed, commit, head,
    page, read, read_beginning,
};

fn on_one_stream(operations: Vec<Operation>) -> StreamHistory {
    StreamHistory::new("order-1", &[], operations)
}

#[track_caller]
fn assert_good(operations: Vec<Operation>) {
    check(&on_one_stream(operations)).unwrap_or_else(|error| panic!("{error}"));
}

/// The smallest history that shows what is bad.
#[track_caller]
fn assert_bad(operations: Vec<Operation>) -> StreamHistory {
    match check(&on_one_stream(operations)) {
        Err(NotLinearizable::NoOrder { smallest }) => smallest,
        other => panic!("no order explains it, and it was found {other:?}"),
    }
}

mod good {
    use super::*;

    #[test]
    fn nothing() {
        assert_good(vec![]);
    }

    #[test]
    fn one_after_the_other() {
        assert_good(vec![
            head(0, 1..2, 0, UNRECORDED),
            commit(0, 3..4, 1, NoStream, 2, Done { first: 1 }),
            head(1, 5..6, 2, 1),
            commit(1, 7..8, 2, Head(2, 1), 1, Done { first: 3 }),
            commit(0, 9..10, 3, Exact(2), 1, Conflicts { version: 3, commit: 2 }),
            commit(0, 11..12, 1, NoStream, 2, Replayed { first: 1 }),
            read(1, 13..14, &[1, 1, 2]),
            read_beginning(1, 15..16, &[1, 1]),
        ]);
    }

    #[test]
    fn who_was_called_last_may_come_first() {
        assert_good(vec![
            commit(0, 1..10, 1, Exact(1), 1, Done { first: 2 }),
            read(1, 2..9, &[2]),
            commit(2, 3..8, 2, NoStream, 1, Done { first: 1 }),
        ]);
    }

    #[test]
    fn of_racing_commits_one_wins_and_the_others_learn_of_it() {
        assert_good(vec![
            commit(0, 1..5, 1, NoStream, 1, Conflicts { version: 1, commit: 2 }),
            commit(1, 2..6, 2, NoStream, 1, Done { first: 1 }),
            commit(2, 3..7, 3, NoStream, 1, Conflicts { version: 1, commit: 2 }),
        ]);
    }

    #[test]
    fn an_unknown_outcome_that_was_an_effect() {
        assert_good(vec![commit(0, 1.., 1, NoStream, 2, Unknown), read(1, 5..6, &[1, 1])]);
    }

    #[test]
    fn an_unknown_outcome_that_was_none() {
        assert_good(vec![
            commit(0, 1.., 1, NoStream, 2, Unknown),
            commit(1, 5..6, 2, NoStream, 1, Done { first: 1 }),
            read(1, 7..8, &[2]),
        ]);
    }

    #[test]
    fn an_unknown_outcome_that_came_much_later() {
        assert_good(vec![
            commit(0, 1.., 1, Any, 1, Unknown),
            commit(1, 2..3, 2, Any, 1, Done { first: 1 }),
            read(1, 4..5, &[2]),
            read(1, 6..7, &[2, 1]),
        ]);
    }

    #[test]
    fn a_repeated_commit_whose_first_call_took_effect_or_did_not() {
        let first = commit(0, 1.., 1, NoStream, 1, Unknown);
        assert_good(vec![first.clone(), commit(0, 3..4, 1, NoStream, 1, Replayed { first: 1 })]);
        assert_good(vec![first.clone(), commit(0, 3..4, 1, NoStream, 1, Done { first: 1 })]);
        assert_good(vec![
            first,
            commit(1, 3..4, 2, NoStream, 1, Done { first: 1 }),
            commit(0, 5..6, 1, NoStream, 1, Conflicts { version: 1, commit: 2 }),
        ]);
    }
}

mod bad {
    use super::*;

    #[test]
    fn a_lost_update() {
        let smallest = assert_bad(vec![
            commit(0, 1..2, 1, Any, 1, Done { first: 1 }),
            commit(1, 3..4, 2, Any, 1, Done { first: 1 }),
            read(0, 5..6, &[2]),
        ]);
        // The two answers contradict each other; nobody need have read.
        assert_eq!(
            smallest,
            StreamHistory::new("order-1", &[1], vec![commit(1, 3..4, 2, Any, 1, Done { first: 1 })])
        );
    }

    #[test]
    fn an_answered_commit_that_is_not_read() {
        assert_bad(vec![commit(0, 1..2, 1, NoStream, 1, Done { first: 1 }), read(1, 3..4, &[])]);
        assert_bad(vec![commit(0, 1..2, 1, NoStream, 1, Done { first: 1 }), head(1, 3..4, 0, UNRECORDED)]);
    }

    #[test]
    fn a_read_that_goes_back_behind_another() {
        assert_bad(vec![
            commit(0, 1..20, 1, NoStream, 1, Done { first: 1 }),
            read(1, 3..4, &[1]),
            read(2, 5..6, &[]),
        ]);
    }

    #[test]
    fn a_doubled_commit() {
        assert_bad(vec![
            commit(0, 1.., 1, Any, 1, Unknown),
            commit(0, 3..4, 1, Any, 1, Done { first: 1 }),
            read(1, 5..6, &[1, 1]),
        ]);
        assert_bad(vec![
            commit(0, 1..2, 1, Any, 1, Done { first: 1 }),
            commit(0, 3..4, 1, Any, 1, Done { first: 2 }),
        ]);
    }

    #[test]
    fn a_phantom_conflict() {
        assert_bad(vec![
            commit(0, 1..2, 1, NoStream, 1, Done { first: 1 }),
            commit(1, 3..4, 2, Exact(1), 1, Conflicts { version: 1, commit: 1 }),
        ]);
        assert_bad(vec![commit(0, 1..2, 1, Exists, 1, Conflicts { version: 1, commit: 2 })]);
    }

    #[test]
    fn a_conflict_that_tells_an_old_head() {
        assert_bad(vec![
            commit(0, 1..2, 1, NoStream, 1, Done { first: 1 }),
            commit(0, 3..4, 2, Any, 1, Done { first: 2 }),
            commit(1, 5..6, 3, NoStream, 1, Conflicts { version: 1, commit: 1 }),
        ]);
    }

    #[test]
    fn two_winners_with_the_same_expectation() {
        assert_bad(vec![
            commit(0, 1..9, 1, NoStream, 1, Done { first: 1 }),
            commit(1, 2..8, 2, NoStream, 1, Done { first: 2 }),
        ]);
    }

    #[test]
    fn an_event_of_a_commit_that_failed_for_sure() {
        // A commit that wrote nothing is no operation; so nobody recorded what is read.
        assert_bad(vec![read(1, 3..4, &[1])]);
        assert_bad(vec![read_beginning(1, 3..4, &[1])]);
        assert_bad(vec![head(1, 3..4, 1, UNRECORDED)]);
    }

    #[test]
    fn a_commit_read_before_it_was_called() {
        assert_bad(vec![read(1, 1..2, &[1]), commit(0, 3..4, 1, NoStream, 1, Done { first: 1 })]);
        assert_bad(vec![read(1, 1..2, &[1]), commit(0, 3.., 1, NoStream, 1, Unknown)]);
    }

    #[test]
    fn an_unknown_outcome_read_and_gone_again() {
        assert_bad(vec![
            commit(0, 1.., 1, NoStream, 1, Unknown),
            read(1, 3..4, &[1]),
            commit(1, 5..6, 2, NoStream, 1, Done { first: 1 }),
        ]);
    }

    #[test]
    fn a_replay_that_tells_another_place() {
        assert_bad(vec![
            commit(0, 1..2, 1, NoStream, 2, Done { first: 1 }),
            commit(0, 3..4, 1, NoStream, 2, Replayed { first: 2 }),
        ]);
    }

    #[test]
    fn a_gap() {
        assert_bad(vec![commit(0, 1..2, 1, Exact(3), 1, Done { first: 4 })]);
    }
}

/// 120 commits and reads, four at a time, all good, and an outcome unknown now and then.
fn long_and_good() -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut stream: Vec<u32> = Vec::new();
    for number in 1..=120_u32 {
        let (task, at) = (number as usize % 4, u64::from(number) * 10);
        let version = stream.len() as u64;
        match number % 4 {
            0 => operations.push(read(task, at - 25..at + 25, &stream)),
            1 => operations.push(commit(task, at - 3.., 1_000 + number, Exact(version), 1, Unknown)),
            2 => {
                operations.push(commit(task, at - 7.., number, Exact(version), 2, Unknown));
                stream.extend([number, number]);
            }
            _ => {
                operations.push(commit(task, at - 28..at + 22, number, Any, 1, Done { first: version + 1 }));
                stream.push(number);
            }
        }
    }
    operations.push(read(9, 5_000..5_001, &stream));
    operations
}

#[test]
fn what_is_wrong_in_a_long_history_is_shown_by_a_short_one() {
    assert_good(long_and_good());
    let mut operations = long_and_good();
    // Somebody reads what stood there long before.
    operations.push(read(7, 905..906, &[2, 2, 3]));
    let smallest = assert_bad(operations);
    assert!(smallest.operations.len() <= 4, "{smallest}");
    assert!(smallest.operations.contains(&read(7, 905..906, &[2, 2, 3])), "{smallest}");
    assert!(matches!(check(&smallest), Err(NotLinearizable::NoOrder { .. })));
}

#[test]
fn a_bad_history_is_printed_as_the_code_that_makes_it() {
    let bad = on_one_stream(vec![
        commit(0, 1.., 1, Head(2, 7), 1, Unknown),
        commit(1, 2..5, 2, NoStream, 1, Conflicts { version: 1, commit: 3 }),
        head(2, 3..4, 0, UNRECORDED),
    ]);
    let code = "let history = StreamHistory::new(\"order-1\", &[], vec![
    commit(0, 1.., 1, Head(2, 7), 1, Unknown),
    commit(1, 2..5, 2, NoStream, 1, Conflict { version: 1, commit: 3 }),
    head(2, 3..4, 0, 0),
]);";
    assert_eq!(bad.to_string(), code);
    let error = check(&bad).expect_err("commit 3 was never made").to_string();
    assert!(error.contains("commit(1, 2..5, 2,") && error.contains("assert!(check(&history)"), "{error}");
}

mod feeds {
    use super::*;

    fn law_broken(pages: Vec<annals_testkit::history::Page>, heads: &[(&str, u64)]) -> Option<&'static str> {
        let heads = heads.iter().map(|(stream, head)| ((*stream).to_owned(), *head)).collect();
        check_feed(&FeedHistory { one_order: true, heads, pages }).err().map(|violation| violation.law)
    }

    #[test]
    fn pages_that_fit_together_are_good_in_any_order() {
        let pages = vec![
            page(2, &[("a-1", 3)], 3),
            page(0, &[("a-1", 1), ("b-1", 1)], 1),
            page(1, &[("a-1", 2)], 2),
            page(0, &[("a-1", 1), ("b-1", 1), ("a-1", 2), ("a-1", 3)], 3),
            page(3, &[], 3),
        ];
        assert_eq!(law_broken(pages, &[("a-1", 3), ("b-1", 1)]), None);
    }

    #[test]
    fn what_is_skipped_doubled_or_swapped_is_found() {
        let broken = |pages| law_broken(pages, &[]);
        assert_eq!(broken(vec![page(0, &[("a-1", 1), ("a-1", 3)], 1)]), Some("F01"));
        assert_eq!(broken(vec![page(0, &[("a-1", 1), ("a-1", 1)], 1)]), Some("F01"));
        assert_eq!(broken(vec![page(0, &[("a-1", 1)], 1), page(1, &[("a-1", 1)], 2)]), Some("F01"));
        assert_eq!(broken(vec![page(0, &[("a-1", 2), ("a-1", 1)], 1)]), Some("F02"));
        let first = page(0, &[("a-1", 1), ("b-1", 1)], 2);
        assert_eq!(broken(vec![first.clone(), page(0, &[("b-1", 1), ("a-1", 1)], 2)]), Some("F03"));
        assert_eq!(broken(vec![first, page(0, &[("b-1", 1)], 1)]), Some("F03"));
        assert_eq!(law_broken(vec![page(0, &[("a-1", 1)], 1)], &[("a-1", 2)]), Some("F01"));
    }

    #[test]
    fn slices_may_come_in_any_order_each_in_its_own() {
        let pages = vec![page(0, &[("a-1", 1), ("b-1", 1)], 2), page(0, &[("b-1", 1), ("a-1", 1)], 2)];
        let heads = BTreeMap::from([("a-1".to_owned(), 1), ("b-1".to_owned(), 1)]);
        assert_eq!(check_feed(&FeedHistory { one_order: false, heads, pages }), Ok(()));
    }

    #[test]
    fn only_the_pages_that_show_it_are_printed() {
        let mut pages: Vec<_> = (0..50).map(|n| page(n, &[("a-1", u64::from(n) + 1)], n + 1)).collect();
        pages.push(page(1, &[("a-1", 2), ("a-1", 4)], 4));
        let violation = check_feed(&FeedHistory { one_order: true, heads: BTreeMap::new(), pages })
            .expect_err("an event was skipped");
        assert_eq!(violation.smallest.pages.len(), 2, "{violation}");
        assert!(violation.to_string().contains("page(1, &[(\"a-1\", 2), (\"a-1\", 4)], 4),"), "{violation}");
    }
}

#[tokio::test]
async fn a_recorder_tells_what_happened_on_each_stream() {
    let store = annals_memory::MemoryStore::new();
    let recorder = annals_testkit::history::Recorder::new();
    let client = recorder.client(3, store.adapter());
    let stream: StreamId = "order-1".parse().expect("a valid name");
    let event = annals_testkit::generators::sample(&annals_testkit::generators::new_event(), 1);
    let append = Append::new(stream.clone(), Expectation::NoStream, vec![event]);
    let commit_one = Commit::new(CommitId::new(), vec![append]).expect("a valid commit");
    client.commit(commit_one.clone()).await.expect("memory does not fail");
    client.commit(commit_one).await.expect("memory does not fail");
    client.head(&stream).await.expect("memory does not fail");
    let histories = recorder.histories(&store.adapter()).await.expect("memory does not fail");
    let expected = StreamHistory::new(
        "order-1",
        &[],
        vec![
            commit(3, 1..2, 1, NoStream, 1, Done { first: 1 }),
            commit(3, 3..4, 1, NoStream, 1, Replayed { first: 1 }),
            head(3, 5..6, 1, 1),
            read(99, 7..8, &[1]),
        ],
    );
    assert_eq!(histories, [expected]);
    assert!(store.head(&stream).await.expect("memory does not fail").is_some());
}
