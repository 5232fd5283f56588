//! How the server looks for things: every statement of the adapter is planned against a history of a million events, and
//! finds what it wants by an index. A statement that reads a whole table needs a line in [`AT_LEISURE`], with its reason.
//!
//! Plans are generic ones, as the store's own are, and are judged twice: as the store's sessions are set, and with
//! sequential scans allowed, so that it is the index that is best and not the scan that is forbidden.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::shop::{database, open};

/// Tables that grow with history. Of the others (`store`, `feed_state`, `views`, `leases`, `dropped_views`), each has a
/// row for the store or for each view.
const GROWING: [&str; 7] =
    ["events", "once", "snapshots", "view_rows", "view_index", "view_routes", "view_parked"];

/// Statements that may look at everything, and why.
const AT_LEISURE: [(&str, &str); 10] = [
    ("categories", "`store stats` counts the whole history, on demand"),
    ("check_commits", "`store check` looks at the whole history, on demand"),
    ("check_once", "`store check` looks at every kept outcome, on demand"),
    ("check_parked", "`store check` looks at every parked event, on demand"),
    ("check_snapshots", "`store check` looks at every snapshot, on demand"),
    ("check_streams", "`store check` looks at the whole history, on demand"),
    ("describe", "`store stats` counts the snapshots and refusals, on demand"),
    ("recover_once", "`store recover` looks at every kept outcome, once after a restore"),
    ("recover_snapshots", "`store recover` looks at every snapshot, once after a restore"),
    ("views_awaiting_nothing", "`store recover` looks at every parked event, once after a restore"),
];

/// What statements filter by beside an index, and why that throws next to nothing away.
const FILTERS: [(&str, &str, &str); 2] = [
    ("event_stands", "(event_id = $2)", "there is one event at a position"),
    ("events_of_type", "(\"position\" <= $5)", "only what came while the pages were read is beyond that"),
];

/// The most events that a page of the feed scans, and with them the most that may be put in order.
const PAGE: f64 = 8_002.0;

/// 100,000 orders of ten events, whose indexes are made again afterwards, which is quicker; and what the other tables
/// hold beside them.
const FILL: &str = "
    SET synchronous_commit = off;
    CREATE TEMP TABLE indexes AS
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid = 'annals.events'::regclass AND NOT indisprimary;
    DO $$ DECLARE i record; BEGIN
        FOR i IN SELECT * FROM indexes LOOP EXECUTE 'DROP INDEX ' || i.name; END LOOP;
    END $$;
    INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, commit_id, commit_index,
                               commit_size, recorded_at, digest, metadata, payload)
    SELECT 'order-019a' || lpad(to_hex(n / 10), 12, '0'), n % 10 + 1, ('019a' || lpad(to_hex(n), 28, '0'))::uuid,
           'Order' || (ARRAY['Placed', 'Paid', 'Packed', 'Shipped', 'Delivered'])[n % 5 + 1], 1,
           ('019b' || lpad(to_hex(n / 2), 28, '0'))::uuid, n % 2, 2,
           timestamptz '2026-01-01' + n * interval '1 second', decode(lpad(to_hex(n), 64, '0'), 'hex'),
           '{\"actor\":\"teller-7\"}', '{\"amount\":\"10.00\",\"currency\":\"GBP\"}'
    FROM generate_series(0, 999999) AS n;
    DO $$ DECLARE i record; BEGIN
        FOR i IN SELECT * FROM indexes LOOP EXECUTE i.definition; END LOOP;
    END $$;
    UPDATE annals.feed_state SET settled = 1000000;
    INSERT INTO annals.once (commit_id, outcome)
    SELECT ('019c' || lpad(to_hex(n), 28, '0'))::uuid, 'unchanged' FROM generate_series(1, 50000) AS n;
    INSERT INTO annals.snapshots (stream_id, version, recorded_at, digest, state_schema, state)
    SELECT 'order-019a' || lpad(to_hex(n), 12, '0'), 10, now(), decode(lpad(to_hex(n), 64, '0'), 'hex'), 1, '{}'
    FROM generate_series(1, 50000) AS n;
    INSERT INTO annals.views (name, version, position, events, rows, parked)
    SELECT 'view_' || n, 1, '', 0, 0, 0 FROM generate_series(1, 8) AS n;
    INSERT INTO annals.leases (name, owner, token, until)
    SELECT 'view_' || n, 'me', 1, now() FROM generate_series(1, 8) AS n;
    INSERT INTO annals.view_rows (view, key, row)
    SELECT n % 8 + 1, 'order-' || lpad(n::text, 8, '0'), '{}' FROM generate_series(1, 100000) AS n;
    INSERT INTO annals.view_index (view, name, value, key)
    SELECT n % 8 + 1, 'by_customer', 'customer-' || n % 5000, 'order-' || lpad(n::text, 8, '0')
    FROM generate_series(1, 100000) AS n;
    INSERT INTO annals.view_routes (view, stream_id, key)
    SELECT n % 8 + 1, 'payment-' || lpad(n::text, 8, '0'), 'order-' || n FROM generate_series(1, 100000) AS n;
    INSERT INTO annals.view_parked (view, awaits, stream_id, version)
    SELECT n % 8 + 1, 'payment-' || n, 'order-019a' || lpad(to_hex(n), 12, '0'), 1
    FROM generate_series(1, 20000) AS n;
    ANALYZE annals.events, annals.once, annals.snapshots, annals.views, annals.leases, annals.view_rows,
            annals.view_index, annals.view_routes, annals.view_parked";

/// What is wrong with the plan of each statement.
type Faults = BTreeMap<String, Vec<String>>;

/// The statements, by name. Migrations are none.
fn statements() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), file))
        .filter(|(name, _)| !name.starts_with(|first: char| first.is_ascii_digit()))
        .map(|(name, file)| (name, std::fs::read_to_string(file).unwrap().replace("{schema}", "annals")))
        .collect()
}

/// The plan of a statement whose values are not known yet.
async fn plan(connection: &mut PgConnection, text: &str) -> Result<Value, sqlx::Error> {
    run(connection, &format!("PREPARE planned AS {text}")).await?;
    let count = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'planned'";
    let values = vec!["NULL"; answer(connection, count).await?.parse().unwrap()].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let plan = answer(connection, &format!("EXPLAIN (FORMAT JSON) EXECUTE planned{values}")).await?;
    Ok(serde_json::from_str(&plan).unwrap())
}

/// The one value that a statement gives, as text.
async fn answer(connection: &mut PgConnection, sql: &str) -> Result<String, sqlx::Error> {
    let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await?;
    row.try_get_raw(0)?.as_str().map(str::to_owned).map_err(sqlx::Error::Decode)
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// What is wrong with a part of a plan, and with those below it. `is_limited` says that what stands above takes only the
/// first rows.
fn judge(statement: &str, node: &Value, is_limited: bool, faults: &mut Vec<String>) {
    let field = |name: &str| node[name].as_str().unwrap_or_default();
    let (kind, table) = (field("Node Type"), field("Relation Name"));
    let rows = node["Plan Rows"].as_f64().unwrap_or_default();
    if GROWING.contains(&table) {
        if kind == "Seq Scan" {
            faults.push(format!("reads all of {table}"));
        } else if kind.starts_with("Index") && node["Index Cond"].is_null() && !is_limited {
            faults.push(format!("reads all of {table} by {}", field("Index Name")));
        }
        // What an index does not narrow down is read and thrown away.
        let is_known =
            FILTERS.iter().any(|(name, filter, _)| (*name, *filter) == (statement, field("Filter")));
        if !node["Filter"].is_null() && !is_known {
            faults.push(format!("reads more of {table} than it wants, for {}", field("Filter")));
        }
    }
    if kind.ends_with("Sort") && rows > PAGE {
        faults.push(format!("puts {rows} rows in order"));
    }
    for below in node["Plans"].as_array().into_iter().flatten() {
        judge(statement, below, kind == "Limit", faults);
    }
}

/// The faults of every statement's plan; an error of the server is one.
async fn faults(connection: &mut PgConnection, statements: &BTreeMap<String, String>) -> Faults {
    let mut found = Faults::new();
    for (name, text) in statements {
        let mut faults = Vec::new();
        run(connection, "SAVEPOINT before").await.unwrap();
        match plan(connection, text).await {
            Ok(plan) => judge(name, &plan[0]["Plan"], false, &mut faults),
            Err(error) => faults.push(error.to_string()),
        }
        run(connection, "ROLLBACK TO before; DEALLOCATE ALL").await.unwrap();
        if !faults.is_empty() {
            found.insert(name.clone(), faults);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_finds_what_it_wants_by_an_index_among_a_million_events() {
    let database = database().await;
    drop(open(database.url()).await);
    database.execute(FILL).await;
    let mut connection = database.connect().await;
    let settings = "SET plan_cache_mode = force_generic_plan; SET jit = off";
    run(&mut connection, settings).await.unwrap();
    let mut statements = statements();
    assert!(statements.len() > 50, "{statements:?}");
    for (name, _) in AT_LEISURE {
        let text = statements.remove(name).unwrap_or_else(|| panic!("there is no statement {name}"));
        let excepted = BTreeMap::from([(name.to_owned(), text)]);
        run(&mut connection, "BEGIN").await.unwrap();
        let found = faults(&mut connection, &excepted).await;
        run(&mut connection, "ROLLBACK").await.unwrap();
        assert!(found.contains_key(name), "{name} needs no exception any more");
    }
    for scans in ["on", "off"] {
        run(&mut connection, &format!("SET enable_seqscan = {scans}; BEGIN")).await.unwrap();
        let found = faults(&mut connection, &statements).await;
        assert_eq!(found, Faults::new(), "with enable_seqscan = {scans}");
        run(&mut connection, "ROLLBACK").await.unwrap();

        // Without any one of the indexes it would be seen.
        for drop in [
            "ALTER TABLE annals.events DROP CONSTRAINT events_pkey",
            "DROP INDEX annals.events_by_stream",
            "DROP INDEX annals.events_by_commit",
            "DROP INDEX annals.events_by_type",
            "ALTER TABLE annals.once DROP CONSTRAINT once_pkey",
            "ALTER TABLE annals.snapshots DROP CONSTRAINT snapshots_pkey",
            "ALTER TABLE annals.view_rows DROP CONSTRAINT view_rows_pkey",
            "ALTER TABLE annals.view_index DROP CONSTRAINT view_index_pkey",
            "DROP INDEX annals.view_index_by_key",
            "ALTER TABLE annals.view_routes DROP CONSTRAINT view_routes_pkey",
            "ALTER TABLE annals.view_parked DROP CONSTRAINT view_parked_view_awaits_stream_id_version_key",
        ] {
            run(&mut connection, &format!("BEGIN; {drop}")).await.unwrap();
            let found = faults(&mut connection, &statements).await;
            assert!(!found.is_empty(), "nobody notices {drop} with enable_seqscan = {scans}");
            run(&mut connection, "ROLLBACK").await.unwrap();
        }
    }
}
