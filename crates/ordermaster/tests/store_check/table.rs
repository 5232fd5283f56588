//! Every kind of damage: the statement that does it, and what its finding must say.

use annals::ports::CheckedPart;

/// The account's stream number, and an event of it.
pub(crate) const OF_ACCOUNT: &str = "stream = (SELECT id FROM streams WHERE name = 'account-checked')";

pub(crate) struct Damage {
    pub(crate) name: &'static str,
    pub(crate) sql: String,
    /// The part, and what its finding must say, its place included.
    pub(crate) part: CheckedPart,
    pub(crate) says: &'static [&'static str],
}

fn damage(
    name: &'static str,
    sql: impl Into<String>,
    part: CheckedPart,
    says: &'static [&'static str],
) -> Damage {
    Damage { name, sql: sql.into(), part, says }
}

#[expect(clippy::too_many_lines, reason = "a table, a kind of damage an entry")]
pub(crate) fn damages() -> Vec<Damage> {
    use CheckedPart::{Commits, Digests, Events, Feed, Once, Snapshots, Storage, Streams, Views};
    let event = |version: u32| format!("{OF_ACCOUNT} AND version = {version}");
    let drop_last = "DELETE FROM events WHERE position = (SELECT max(position) FROM events)";
    let summary = "view = (SELECT id FROM views WHERE name = 'account_summary') AND key = 'checked'";
    vec![
        damage(
            "payload",
            format!("UPDATE events SET payload = replace(payload, '5.00', '6.00') WHERE {}", event(4)),
            Digests,
            &["account-checked v4", "changed after it was recorded", "restore a backup"],
        ),
        damage(
            "metadata",
            format!("UPDATE events SET metadata = '{{\"actor\":\"mallory\"}}' WHERE {}", event(2)),
            Digests,
            &["account-checked v2"],
        ),
        damage(
            "broken_json",
            format!("UPDATE events SET payload = '{{\"amount\":' WHERE {}", event(3)),
            Digests,
            &["account-checked v3"],
        ),
        damage(
            "event_id",
            format!(
                "UPDATE events SET fixed = CAST(zeroblob(16) || substr(fixed, 17) AS BLOB) WHERE {}",
                event(5)
            ),
            Digests,
            &["account-checked v5"],
        ),
        damage(
            "middle_event",
            format!("DELETE FROM events WHERE {}", event(6)),
            Streams,
            &["account-checked v6 in events", "missing"],
        ),
        damage(
            "gap",
            format!("DELETE FROM events WHERE {}", event(7)),
            Feed,
            &["position", "gone: an event was removed"],
        ),
        damage(
            "first_events",
            format!("DELETE FROM events WHERE {OF_ACCOUNT} AND version < 4"),
            Streams,
            &["account-checked v1 in events", "from version 4 to 10"],
        ),
        damage(
            "last_event",
            drop_last,
            Streams,
            &["account-checked v10 in streams", "the event that its head names is gone"],
        ),
        damage(
            "all_events_of_a_stream",
            format!("DELETE FROM events WHERE {OF_ACCOUNT}"),
            Streams,
            &["account-checked v10 in streams", "all its events are gone"],
        ),
        damage(
            "a_stream_with_its_head",
            "DELETE FROM events WHERE stream = 2; DELETE FROM streams WHERE id = 2",
            Streams,
            &["streams: the stream after", "is gone, with its name and head"],
        ),
        damage(
            "the_first_stream",
            "DELETE FROM events WHERE stream = 1; DELETE FROM streams WHERE id = 1",
            Streams,
            &["stream number 1 is gone"],
        ),
        damage(
            "a_name",
            "DELETE FROM streams WHERE name = 'account-checked'",
            Streams,
            &["10 events are of stream number", "which has no name"],
        ),
        damage(
            "end_of_history_with_its_head",
            format!(
                "{drop_last}; UPDATE streams SET version = 9,
                     recorded_at = (SELECT recorded_at FROM events WHERE {nine}),
                     digest = (SELECT digest FROM events WHERE {nine}) WHERE name = 'account-checked'",
                nine = event(9)
            ),
            Views,
            &["account_summary v1", "its checkpoint names an event at position", "recover the store"],
        ),
        damage(
            "stamp",
            format!("UPDATE events SET recorded_at = recorded_at - 60000000 WHERE {}", event(5)),
            Streams,
            &["account-checked v5", "recorded before its predecessor"],
        ),
        damage(
            "head",
            "UPDATE streams SET digest = zeroblob(32) WHERE name = 'account-checked'",
            Streams,
            &["account-checked v10 in streams", "is not the event's"],
        ),
        damage(
            "head_back",
            "UPDATE streams SET version = 8 WHERE name = 'account-checked'",
            Streams,
            &["account-checked v9 in events", "beyond the stream's head, version 8"],
        ),
        damage(
            "commit_size",
            format!("UPDATE events SET numbers = numbers + 1 WHERE {}", event(5)),
            Commits,
            &["account-checked v5 in events", "ends at position", "with event 1 of 2"],
        ),
        damage(
            "commit_index",
            format!("UPDATE events SET numbers = numbers + 65536 + 1 WHERE {}", event(5)),
            Commits,
            &["account-checked v5", "has no event 1 of 2 before position"],
        ),
        damage(
            "refused_and_done",
            format!("INSERT INTO outcomes SELECT commit_id, '{{}}' FROM events WHERE {}", event(5)),
            Once,
            &["outcomes", "is recorded without events, and with", "recover the store"],
        ),
        damage(
            "unreadable_outcome",
            "INSERT INTO outcomes VALUES (randomblob(16), 'no reason')",
            Once,
            &["the outcome of commit", "cannot be read"],
        ),
        damage(
            "snapshot_state",
            "UPDATE snapshots SET state = replace(state, '135.00', '999.00') WHERE stream = 'account-checked'",
            Snapshots,
            &["account-checked v8", "its state is not the one that history makes"],
        ),
        damage(
            "snapshot_text",
            "UPDATE snapshots SET state = '{}' WHERE stream = 'account-checked'",
            Snapshots,
            &["account-checked v8", "cannot be decoded"],
        ),
        damage(
            "snapshot_digest",
            "UPDATE snapshots SET digest = zeroblob(32) WHERE stream = 'account-checked'",
            Snapshots,
            &["account-checked v8", "its last event is not the stream's"],
        ),
        damage(
            "snapshot_beyond",
            "UPDATE snapshots SET version = 11 WHERE stream = 'account-checked'",
            Snapshots,
            &["account-checked v11", "beyond the stream's head"],
        ),
        damage(
            "snapshot_of_nothing",
            "UPDATE snapshots SET stream = 'account-nobody' WHERE stream = 'account-checked'",
            Snapshots,
            &["account-nobody v8", "a stream that has no events"],
        ),
        damage(
            "row",
            format!("UPDATE view_rows SET row = replace(row, '145.00', '0.00') WHERE {summary}"),
            Views,
            &["account_summary v1", "\"checked\"", "not the row that history makes", "rebuild the view"],
        ),
        damage(
            "row_missing",
            format!("DELETE FROM view_rows WHERE {summary}"),
            Views,
            &["account_summary v1", "\"checked\"", "it is missing"],
        ),
        damage(
            "row_count",
            format!("DELETE FROM view_rows WHERE {summary}"),
            Views,
            &["views", "account_summary v1 counts"],
        ),
        damage(
            "row_too_many",
            format!(
                "INSERT INTO view_rows (view, key, indexed, row)
                     SELECT view, 'zoe', '{{}}', row FROM view_rows WHERE {summary}"
            ),
            Views,
            &["account_summary v1", "\"zoe\"", "history makes no such row"],
        ),
        damage(
            "index_value",
            "UPDATE view_index SET value = 'mallory' || char(31) WHERE rowid_of_one",
            Views,
            &["order_summary v1", "its index values are"],
        ),
        damage(
            "index_value_of_nothing",
            "UPDATE view_index SET key = 'o-none' WHERE rowid_of_one",
            Views,
            &["view_index", "finds the row o-none by", "and has no such row"],
        ),
        damage(
            "checkpoint_count",
            "UPDATE views SET events = events - 1 WHERE name = 'account_summary'",
            Views,
            &["account_summary v1", "its position covers another number"],
        ),
        damage(
            "checkpoint_text",
            "UPDATE views SET position = 'here' WHERE name = 'account_summary'",
            Views,
            &["account_summary v1", "its checkpoint cannot be read"],
        ),
        damage(
            "parked",
            "INSERT INTO view_parked (view, awaits, stream, version)
             SELECT id, 'order-none', 'account-checked', 99 FROM views WHERE name = 'account_summary'",
            Views,
            &["account-checked v99 in view_parked", "it is not in history"],
        ),
        damage(
            "leftovers",
            "INSERT INTO view_routes VALUES (999, 'order-1', 'row')",
            Storage,
            &["view_routes hold rows of view number 999"],
        ),
        damage(
            "no_trigger",
            "",
            Storage,
            &["events", "the trigger events_are_never_removed is missing", "restore a backup"],
        ),
        damage("no_index", "DROP INDEX events_by_type", Storage, &["the index events_by_type is missing"]),
        damage(
            "foreign_trigger",
            "CREATE TRIGGER helpful AFTER INSERT ON events BEGIN DELETE FROM snapshots; END",
            Storage,
            &["the trigger helpful is none of ours"],
        ),
        damage("pages", "", Storage, &["file"]),
        damage("unknown_type", "", Events, &["order-future v1", "OrderTeleported v1 cannot be decoded"]),
        damage("future_schema", "", Events, &["order-future v1", "OrderCancelled v99 cannot be decoded"]),
        damage(
            "unknown_category",
            "",
            Events,
            &["1 events of category robot", "none of this program's code"],
        ),
    ]
}
