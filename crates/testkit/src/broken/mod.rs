//! Broken stores: for each law of the contract one that breaks it and nothing else, so that it is shown that the
//! suite's tests can fail.
//!
//! Each is a [`Breakage`] put between the suite and a sound store; a law about the layers is broken in a part put in
//! their place. [`ALL`] lists them; [`tried`] runs one law's test over one of them. Nothing here is for use: it is what
//! the suite must catch, and the first place to look at for what a law forbids.

mod breakage;
mod checkpoints;
mod commands;
mod commits;
mod crowds;
mod decoding;
mod errors;
mod feed;
mod feed_order;
mod feed_places;
mod history;
mod inspection;
mod kept_snapshots;
mod limits;
mod outcomes;
mod reading;
mod replays;
mod retold;
mod snapshots;
mod stamps;
mod store;
mod tokens;
mod view_places;
mod views;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

pub use breakage::{Breakage, Sound};
pub use store::{Broken, with_breakage};

use crate::conformance::{Law, run_within};

/// How long a law's test may take over a broken store: one that hangs is caught, too.
const PATIENCE: Duration = Duration::from_secs(12);

/// A store that breaks a law.
#[derive(Clone, Copy, Debug)]
pub struct BrokenStore {
    /// Its name: the law's number and what it does wrong.
    pub name: &'static str,
    /// Makes what stands between the suite and a sound store.
    pub make: fn() -> Arc<dyn Breakage>,
    /// Laws that cannot hold when this one is broken so, each with the reason.
    pub also: &'static [(&'static str, &'static str)],
}

impl BrokenStore {
    /// The law that it breaks, such as `A03`; empty for the sound one.
    pub fn law(&self) -> String {
        self.name.split('_').next().unwrap_or_default().to_uppercase()
    }
}

/// A store that keeps every law: what shows that it is the breakage that is caught.
pub const SOUND: BrokenStore = BrokenStore { name: "sound", make: || Arc::new(Unbroken), also: &[] };

struct Unbroken;

impl Breakage for Unbroken {}

macro_rules! broken_stores {
    ($($name:ident: $make:path),* $(,)?) => {
        &[$(BrokenStore { name: stringify!($name), make: || Arc::new(<$make>::default()), also: &[] }),*]
    };
}

/// Every broken store, by the law that it breaks.
pub const ALL: &[BrokenStore] = broken_stores! {
    a01_keeps_the_first_part_of_a_refused_commit: commits::KeepsTheFirstPart,
    a01_shows_half_a_commit: crowds::ShowsHalves,
    a02_compares_heads_by_version_alone: commits::ComparesVersions,
    a03_accepts_beyond_the_head: commits::AcceptsBeyond,
    a04_tells_a_first_version_that_is_the_last: commits::TellsTheLastAsFirst,
    a05_checks_and_writes_in_two_steps: commits::ChecksThenWrites,
    a05_turns_a_crowd_away: crowds::TurnsCrowdsAway,
    a06_forgets_an_id_after_another_commit: outcomes::ForgetsIds,
    a06_never_says_that_it_answered_before: replays::NeverReplays,
    a06_compares_metadata_and_event_ids: replays::ComparesEverything,
    a06_uses_an_id_up_on_a_conflict: replays::UsesUpPlainIds,
    a06_gives_a_used_id_to_another_commit: replays::GivesIdsTwice,
    a06_looks_for_the_id_before_the_head: outcomes::LooksBefore,
    a07_tells_many_streams_in_another_order: commits::TellsAnotherOrder,
    a08_refuses_large_events: limits::RefusesLargeEvents,
    a08_refuses_large_commits: limits::RefusesLargeCommits,
    a08_refuses_many_streams: limits::RefusesManyStreams,
    a08_refuses_large_rows: limits::RefusesLargeRows,
    a08_refuses_large_snapshots: limits::RefusesLargeSnapshots,
    a08_refuses_long_names: limits::RefusesLongNames,
    a09_refuses_deep_payloads: limits::RefusesDeepPayloads,
    a10_stamps_whole_milliseconds: stamps::WholeMilliseconds,
    a11_lets_an_old_clock_write_into_the_past: stamps::IntoThePast,
    a12_takes_effect_again_when_decided_otherwise: outcomes::ActsAgain,
    a12_forgets_that_nothing_changed: outcomes::ForgetsUnchanged,
    a12_takes_a_conflict_for_an_outcome: replays::UsesUpOnceIds,
    a12_answers_a_plain_commit_with_a_refusal: replays::AnswersPlainWithRefusal,
    a12_refuses_after_the_effect: replays::RefusesAfterTheEffect,
    a13_loses_imported_refusals: history::LosesRefusals,
    a13_loses_imported_empty_decisions: history::LosesUnchanged,
    a13_says_that_it_wrote_what_it_refused: history::SaysWritten,
    a14_edits_history_for_others: history::EditsHistory,
    a14_tells_every_payment_the_same_digest: history::TellsOneDigest,
    r01_ends_a_stream_after_a_thousand_events: reading::EndsEarly,
    r01_folds_case_in_names: tokens::FoldsCase,
    r02_remembers_heads_in_another_process: reading::RemembersHeads,
    r03_fails_beyond_the_start_of_an_unknown_stream: reading::FailsOnUnknown,
    r04_leaves_metadata_out_by_type: reading::LeavesMetadataOut,
    r05_sorts_streams_as_a_dictionary_does: reading::SortsAsADictionary,
    r05_begins_again_at_a_broken_token: tokens::BeginsAgain,
    r06_takes_the_tokens_of_other_stores: reading::TakesAnyToken,
    r06_takes_the_row_tokens_of_other_stores: tokens::TakesAnyRowToken,
    r06_knows_the_tokens_of_its_own_process_alone: tokens::KeepsTokens,
    f01_numbers_events_before_they_can_be_seen: feed::ShowsLate,
    f01_locates_every_commit_at_the_end: feed_places::LocatesAtTheEnd,
    f01_starts_an_instant_at_the_end: feed_places::StartsLate,
    f02_turns_events_of_a_stream_round: feed_order::TurnsRound,
    f03_trims_what_was_often_read: feed::Trims,
    f04_forgets_positions_on_a_restart: feed::ForgetsPositions,
    f05_looks_every_now_and_then: feed::LooksNowAndThen,
    f05_never_waits: feed_places::NeverWaits,
    f06_stays_before_what_it_filtered_out: feed::StaysBehind,
    f06_scans_without_a_bound: feed_places::ScansWithoutBound,
    f07_lets_a_hanging_writer_hold_readers_back: feed::HoldsReadersBack,
    f07_names_who_holds_nobody_back: feed_places::NamesAnybody,
    f08_shows_other_processes_commits_later: feed_order::ShowsOthersLater,
    f09_skips_from_a_lost_position_to_the_end: feed::SkipsFromLost,
    i01_counts_no_outcomes: inspection::CountsNoOutcomes,
    i01_knows_no_index_values: inspection::KnowsNoIndexValues,
    s01_applies_the_snapshots_last_event_again: snapshots::AppliesAgain,
    s01_keeps_the_first_snapshot: kept_snapshots::KeepsTheFirst,
    s02_believes_snapshots_of_any_schema: snapshots::AnySchema,
    s02_drops_no_snapshot: kept_snapshots::DropsNothing,
    s02_keeps_the_higher_version: kept_snapshots::KeepsTheHigher,
    s02_takes_garbage_for_an_empty_state: snapshots::GarbageIsEmpty,
    s03_believes_snapshots_of_any_history: snapshots::AnyHistory,
    s04_answers_once_a_snapshot_is_written: snapshots::AnswersLater,
    s04_fails_with_its_snapshots: snapshots::FailsWithSnapshots,
    v01_changes_rows_of_a_refused_batch: views::ChangesRefused,
    v01_keeps_rows_whose_checkpoint_failed: checkpoints::KeepsRowsWithoutCheckpoint,
    v01_turns_parked_events_round: view_places::TurnsParkedRound,
    v01_drops_every_version_of_a_view: view_places::DropsEveryVersion,
    v02_lets_a_lost_lease_write: views::AnyLease,
    v02_renews_a_lost_lease: view_places::RenewsTheLost,
    v02_grants_a_lease_twice_in_a_race: view_places::GrantsTwice,
    v03_reads_indexes_forwards_only: views::ForwardsOnly,
    v03_sorts_keys_as_a_dictionary_does: view_places::SortsKeysAsADictionary,
    v03_counts_rows_for_its_pages: view_places::CountsRows,
    v03_fails_on_unknown_views: view_places::FailsOnUnknownViews,
    v05_rebuilds_without_some_events: views::RebuildsLess,
    v06_keeps_what_came_last: views::KeepsTheLast,
    c01_refuses_on_a_state_it_remembers: commands::RefusesFromMemory,
    c01_loads_what_it_remembers: decoding::LoadsFromMemory,
    c01_does_nothing_on_a_state_it_remembers: decoding::DoesNothingFromMemory,
    c02_records_that_nothing_happened: commands::RecordsNothing,
    c03_gives_up_at_the_first_conflict: commands::GivesUp,
    e01_says_not_written_of_what_was: errors::DeniesTheWrite,
    e01_names_no_token: errors::NamesNoToken,
    e02_hangs_while_it_is_away: errors::HangsWhileAway,
    e03_begins_anew_at_what_it_cannot_decode: commands::BeginsAnew,
    e03_skips_in_a_read_model: decoding::SkipsTheUndecodable,
    e04_tells_its_password: errors::TellsItsPassword,
};

/// Whether a law's test passes over a store with this breakage. `law` is one of
/// [`laws::<Broken<S>>()`](crate::conformance::laws).
pub fn tried(law: &Law, store: &BrokenStore) -> bool {
    let test = with_breakage(store.make, (law.run)());
    catch_unwind(AssertUnwindSafe(|| run_within(PATIENCE, test))).is_ok()
}
