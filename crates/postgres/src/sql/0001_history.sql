-- The store and its history. All text compares by bytes, whatever the database's collation: a library's upgrade
-- must never change what is equal or what comes first.

CREATE TABLE {schema}.store (
    single         boolean PRIMARY KEY DEFAULT true CHECK (single),
    id             uuid NOT NULL,
    schema_version integer NOT NULL
);

-- Positions are drawn one by one, while the row is inserted: what commits later may have a lower one, which is
-- why readers stay behind a fence. JSON is kept as the text that was hashed.
CREATE TABLE {schema}.events (
    position       bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    stream_id      text COLLATE "C" NOT NULL,
    version        bigint NOT NULL CHECK (version > 0),
    event_id       uuid NOT NULL,
    event_type     text COLLATE "C" NOT NULL,
    schema_version smallint NOT NULL,
    commit_id      uuid NOT NULL,
    commit_index   smallint NOT NULL,
    commit_size    smallint NOT NULL,
    recorded_at    timestamptz NOT NULL,
    digest         bytea NOT NULL,
    metadata       json NOT NULL,
    payload        json NOT NULL
);

-- Decides races for a place in a stream.
CREATE UNIQUE INDEX events_by_stream ON {schema}.events (stream_id, version);
-- Decides races of a commit with itself, and finds it again.
CREATE UNIQUE INDEX events_by_commit ON {schema}.events (commit_id, commit_index);
CREATE INDEX events_by_type ON {schema}.events (event_type, recorded_at, stream_id, version);

CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history cannot be changed: % of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'Correct a mistake by recording another event.';
END
$$;

CREATE TRIGGER history_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

-- What takes effect at most once for its commit id, whatever it turned out to be: events, a refusal, or nothing to
-- change. The reason is a refusal's own.
CREATE TABLE {schema}.once (
    commit_id uuid PRIMARY KEY,
    outcome   text COLLATE "C" NOT NULL CHECK (outcome IN ('committed', 'refused', 'unchanged')),
    reason    json,
    CHECK ((outcome = 'refused') = (reason IS NOT NULL))
);
