-- The first schema. All text compares by bytes (BINARY, SQLite's own collation).

CREATE TABLE meta (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    store BLOB NOT NULL
) STRICT;

-- Each stream with its head: the version, stamp and digest of its last event.
CREATE TABLE streams (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    version     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    digest      BLOB NOT NULL
) STRICT;

CREATE TABLE event_types (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- History. Writers exclude each other, so positions rise in the order of commits; rows are never removed, so
-- they are dense, and the events of one commit stand side by side.
CREATE TABLE events (
    position       INTEGER PRIMARY KEY,
    stream         INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    event_id       BLOB NOT NULL,
    type           INTEGER NOT NULL,
    schema_version INTEGER NOT NULL,
    commit_id      BLOB NOT NULL,
    commit_index   INTEGER NOT NULL,
    commit_size    INTEGER NOT NULL,
    recorded_at    INTEGER NOT NULL,
    digest         BLOB NOT NULL,
    metadata       TEXT NOT NULL,
    payload        TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_version ON events (stream, version);
CREATE INDEX events_by_type ON events (type, recorded_at);
CREATE UNIQUE INDEX events_by_commit ON events (commit_id) WHERE commit_index = 0;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'history cannot be changed: events are never updated');
END;

CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'history cannot be changed: events are never deleted');
END;

CREATE TABLE refusals (
    commit_id BLOB PRIMARY KEY,
    reason    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    stream       TEXT NOT NULL UNIQUE,
    version      INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    state_schema INTEGER NOT NULL,
    state        TEXT NOT NULL
) STRICT;

-- A lease given back has no owner; its row stays, so that the next token is higher.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    owner TEXT,
    token INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids are never used again: what a dropped view left behind is swept away later, by its id.
CREATE TABLE views (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    name             TEXT NOT NULL,
    version          INTEGER NOT NULL,
    position         TEXT NOT NULL,
    events           INTEGER NOT NULL,
    last_recorded_at INTEGER,
    rows             INTEGER NOT NULL,
    parked           INTEGER NOT NULL,
    UNIQUE (name, version)
) STRICT;

CREATE TABLE view_rows (
    view INTEGER NOT NULL,
    key  TEXT NOT NULL,
    row  TEXT NOT NULL,
    UNIQUE (view, key)
) STRICT;

CREATE TABLE view_index (
    view  INTEGER NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    key   TEXT NOT NULL,
    PRIMARY KEY (view, name, value, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX view_index_by_key ON view_index (view, key);

CREATE TABLE view_routes (
    view   INTEGER NOT NULL,
    stream TEXT NOT NULL,
    key    TEXT NOT NULL,
    PRIMARY KEY (view, stream, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE view_parked (
    id      INTEGER PRIMARY KEY,
    view    INTEGER NOT NULL,
    awaits  TEXT NOT NULL,
    stream  TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (view, awaits, stream, version)
) STRICT;

CREATE TABLE dropped_views (
    view INTEGER PRIMARY KEY
) STRICT;
