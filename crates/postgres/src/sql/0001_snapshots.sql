-- The latest snapshot of each stream. Losing all of them loses no history.

CREATE TABLE {schema}.snapshots (
    stream_id    text COLLATE "C" PRIMARY KEY,
    version      bigint NOT NULL,
    recorded_at  timestamptz NOT NULL,
    digest       bytea NOT NULL,
    state_schema bigint NOT NULL,
    state        json NOT NULL
);
