//! The lists of all laws' functions, and what is made of them: a test each, or a registry.
//!
//! The lists stand here once, so that the tests that an adapter runs and the table that shows that each of them can
//! fail never drift apart.

use std::future::Future;
use std::pin::Pin;

use super::StoreUnderTest;

/// One test for each law's function, against a [`StoreUnderTest`](crate::conformance::StoreUnderTest).
///
/// A test's name begins with its law's number, so that `cargo test a05` tries one law. It stands in a test file of
/// the adapter's, as `annals_testkit::conformance_suite!(ItsStore);`.
///
/// The laws of the application and projection layers (C, S01 to S04, V05, V06, E03) are part of it with the feature
/// `full`, which an adapter's tests turn on.
#[macro_export]
macro_rules! conformance_suite {
    ($store:ty) => {
        $crate::__laws_of_the_ports! { tests $store }
        $crate::__laws_of_the_layers! { tests $store }
    };
}

/// A law's function, ready to be run.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// The function's name, which begins with the law's number.
    pub name: &'static str,
    /// The function, over a store that was settled on.
    pub run: fn() -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Law {
    /// The law's number, such as `A05`.
    pub fn number(&self) -> String {
        self.name.split('_').next().unwrap_or_default().to_uppercase()
    }
}

/// Every law's function over the store `S`: what [`conformance_suite!`](crate::conformance_suite) makes tests of.
pub fn laws<S: StoreUnderTest>() -> Vec<Law> {
    let of_the_ports: Vec<Law> = crate::__laws_of_the_ports! { registry S };
    let of_the_layers: Vec<Law> = crate::__laws_of_the_layers! { registry S };
    [of_the_ports, of_the_layers].concat()
}

/// What is made of a list of laws. Not for use by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_law {
    (tests $store:ty: $($law:ident),* $(,)?) => {
        $(
            #[test]
            fn $law() {
                $crate::conformance::run($crate::conformance::$law::<$store>());
            }
        )*
    };
    (registry $store:ty: $($law:ident),* $(,)?) => {
        vec![$(
            $crate::conformance::Law {
                name: stringify!($law),
                run: || Box::pin($crate::conformance::$law::<$store>()),
            }
        ),*]
    };
}

/// The laws that are seen at the ports. Not for use by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! __laws_of_the_ports {
    ($what:ident $store:ty) => {
        $crate::__each_law! { $what $store:
            a01_a_commit_is_all_or_nothing,
            a01_a_commit_that_was_abandoned_is_all_or_nothing,
            a01_a_reader_never_sees_half_a_commit,
            a02_a_head_is_compared_whole,
            a02_an_expectation_that_does_not_hold_conflicts,
            a03_exact_beyond_the_head_conflicts,
            a04_versions_are_dense_from_one_in_commit_order,
            a05_of_racing_commits_exactly_one_wins,
            a05_races_over_several_streams_have_one_winner,
            a05_racing_commits_that_expect_nothing_all_stand,
            a06_a_conflict_does_not_use_up_the_id,
            a06_a_lost_answer_is_learned_by_committing_again,
            a06_a_retry_answers_with_the_first_receipt,
            a06_a_retry_is_known_after_reopening,
            a06_metadata_and_event_ids_are_not_compared,
            a06_payloads_are_compared_by_value,
            a06_racing_retries_write_once,
            a06_the_same_id_with_another_value_is_refused,
            a07_a_commit_spans_streams,
            a08_the_largest_commit_is_accepted,
            a08_the_largest_event_is_accepted,
            a08_the_largest_row_is_accepted,
            a08_the_largest_snapshot_is_accepted,
            a08_the_longest_and_oddest_names_are_accepted,
            a08_the_most_events_are_accepted,
            a08_the_most_streams_are_accepted,
            a09_every_portable_json_is_accepted,
            a10_events_of_one_append_have_one_stamp,
            a10_stamps_are_the_clocks_to_the_microsecond,
            a10_stamps_never_fall_when_the_clock_steps_back,
            a11_answers_about_more_than_ten_seconds_ago_never_change,
            a11_events_up_to_an_instant_are_a_prefix,
            a12_a_conflict_is_no_outcome,
            a12_a_plain_commit_under_a_refusals_id_is_refused,
            a12_a_recorded_empty_decision_answers_whatever_comes_later,
            a12_a_recorded_refusal_answers_whatever_comes_later,
            a12_a_refusal_after_the_effect_answers_with_the_effect,
            a12_an_empty_decision_after_another_outcome_answers_with_it,
            a12_once_takes_effect_once_whatever_was_decided_since,
            a12_racing_deliveries_have_one_outcome,
            a13_a_part_of_a_commit_is_refused,
            a13_a_tampered_import_is_refused,
            a13_an_import_onto_another_past_is_refused,
            a13_an_import_that_does_not_continue_the_head_conflicts,
            a13_an_import_under_a_used_id_is_refused,
            a13_an_import_writes_history_as_it_was,
            a14_equal_heads_mean_equal_streams,
            a14_every_edit_shows,
            a14_every_stream_verifies,
            e01_a_failed_commit_says_what_is_left,
            e01_errors_say_what_and_to_what,
            e02_a_store_that_is_away_answers_in_time_and_comes_back,
            e04_no_secret_is_shown,
            f01_a_receipt_is_located,
            f01_a_start_misses_nothing,
            f01_nothing_is_skipped_while_others_write,
            f02_a_streams_events_come_in_version_order,
            f03_reading_again_gives_the_same,
            f04_a_position_survives_as_text,
            f05_a_commit_wakes_who_waits,
            f05_next_waits_and_then_answers_empty,
            f05_what_is_filtered_out_does_not_end_the_wait,
            f06_a_call_scans_a_bounded_number_of_events,
            f06_a_filter_gives_the_filtered_feed,
            f07_a_quiet_feed_is_healthy,
            f07_a_writer_that_hangs_holds_back_nothing_unnamed,
            f08_commits_come_in_the_order_of_their_answers,
            f09_a_position_whose_event_is_gone_is_lost,
            i01_a_description_counts_what_is_there,
            i01_a_sound_store_is_found_sound,
            r01_a_long_stream_reads_whole,
            r01_streams_do_not_mix,
            r02_an_answered_commit_is_seen_from_any_process,
            r03_an_unknown_stream_is_empty,
            r04_events_come_back_as_committed,
            r05_a_broken_token_is_refused,
            r05_events_of_a_type_come_in_order_of_time,
            r05_the_first_page_fixes_the_moment,
            r06_a_views_page_token_of_another_store_is_refused,
            r06_tokens_and_positions_of_another_store_are_refused,
            r06_tokens_hold_in_other_processes_and_after_a_restart,
            s01_the_latest_snapshot_comes_back_as_saved,
            s02_a_snapshot_can_be_dropped,
            s02_a_snapshot_of_another_schema_takes_the_place,
            v01_a_batch_changes_everything_at_once,
            v01_a_batch_whose_checkpoint_fails_changes_nothing,
            v01_a_batch_from_another_checkpoint_changes_nothing,
            v01_views_are_apart_and_dropped_alone,
            v02_a_lease_has_one_holder_and_a_rising_token,
            v02_a_runner_that_lost_its_lease_changes_nothing,
            v02_a_stolen_lease_writes_nothing,
            v02_racing_for_a_lease_has_one_winner,
            v03_an_index_follows_its_rows,
            v03_an_unknown_view_is_empty,
            v03_pages_go_on_while_rows_change,
            v03_rows_are_read_by_index_in_order,
            v03_rows_are_read_by_key_in_order,
        }
    };
}

/// The laws that are seen through the layers. Not for use by hand.
#[cfg(feature = "full")]
#[doc(hidden)]
#[macro_export]
macro_rules! __laws_of_the_layers {
    ($what:ident $store:ty) => {
        $crate::__each_law! { $what $store:
            c01_a_load_is_of_the_head,
            c01_a_refusal_is_made_on_the_head,
            c01_an_empty_decision_is_made_on_the_head,
            c02_a_decision_without_events_writes_nothing,
            c03_a_conflict_is_decided_again,
            c03_a_conflict_is_retried_a_bounded_number_of_times,
            e03_a_read_model_names_what_it_cannot_decode,
            e03_a_state_names_what_it_cannot_decode,
            s01_state_through_any_snapshot_is_the_same,
            s02_a_snapshot_of_another_schema_yields_no_state,
            s02_a_snapshot_that_does_not_decode_yields_no_state,
            s03_a_snapshot_beyond_the_head_is_passed_over,
            s03_a_snapshot_of_another_history_is_passed_over,
            s04_a_snapshot_store_that_blocks_changes_nothing,
            s04_a_snapshot_store_that_fails_changes_nothing,
            v05_followed_resumed_and_rebuilt_are_the_same,
            v06_interleavings_give_the_same_rows,
        }
    };
}

/// The laws that are seen through the layers: without the feature `full` there are none. Not for use by hand.
#[cfg(not(feature = "full"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __laws_of_the_layers {
    ($what:ident $store:ty) => {
        $crate::__each_law! { $what $store: }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_law_is_in_the_suite() {
        let suite = include_str!("suite.rs");
        let laws = [
            include_str!("commands.rs"),
            include_str!("commits.rs"),
            include_str!("errors.rs"),
            include_str!("feed.rs"),
            include_str!("feed_live.rs"),
            include_str!("history.rs"),
            include_str!("inspection.rs"),
            include_str!("limits.rs"),
            include_str!("once.rs"),
            include_str!("outages.rs"),
            include_str!("read_models.rs"),
            include_str!("reading.rs"),
            include_str!("reading_by_type.rs"),
            include_str!("retries.rs"),
            include_str!("snapshots.rs"),
            include_str!("stamps.rs"),
            include_str!("states.rs"),
            include_str!("undecodable.rs"),
            include_str!("view_pages.rs"),
            include_str!("views.rs"),
        ];
        let functions = laws.iter().flat_map(|file| file.split("\npub async fn ").skip(1));
        let names: Vec<_> = functions.filter_map(|function| function.split('<').next()).collect();
        assert!(names.len() > 100, "found only {names:?}");
        for name in names {
            assert!(suite.contains(&format!("            {name},\n")), "{name} is not in the suite");
        }
    }
}
