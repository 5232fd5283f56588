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
--
-- What a reader needs of every event and no index does stands together, since a column costs a reader as much whatever
-- is in it: `numbers` is schema version × 2³² + place in the commit from 0 × 2¹⁶ + size of the commit, `fixed` is
-- event id (16 bytes), commit id (16) and digest (32). The columns made of them take no room; they are for people, for
-- checks and for the index.
CREATE TABLE events (
    position       INTEGER PRIMARY KEY,
    stream         INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    type           INTEGER NOT NULL,
    recorded_at    INTEGER NOT NULL,
    numbers        INTEGER NOT NULL,
    fixed          BLOB NOT NULL,
    metadata       TEXT NOT NULL,
    payload        TEXT NOT NULL,
    event_id       BLOB AS (substr(fixed, 1, 16)),
    schema_version INTEGER AS (numbers >> 32),
    commit_id      BLOB AS (substr(fixed, 17, 16)),
    commit_index   INTEGER AS ((numbers >> 16) & 65535),
    commit_size    INTEGER AS (numbers & 65535),
    digest         BLOB AS (substr(fixed, 33))
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

-- Outcomes without events: a refusal has its reason, one without found that there was nothing to change.
CREATE TABLE outcomes (
    commit_id BLOB PRIMARY KEY,
    reason    TEXT
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

-- `indexed` names the row's entries in `view_index`, value by name, so that they are found without an index of their own.
CREATE TABLE view_rows (
    id      INTEGER PRIMARY KEY,
    view    INTEGER NOT NULL,
    key     TEXT NOT NULL,
    indexed TEXT NOT NULL,
    row     TEXT NOT NULL,
    UNIQUE (view, key)
) STRICT;

CREATE TABLE view_index (
    view  INTEGER NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    key   TEXT NOT NULL,
    PRIMARY KEY (view, name, value, key)
) STRICT, WITHOUT ROWID;

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
