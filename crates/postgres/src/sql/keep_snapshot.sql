INSERT INTO {schema}.snapshots (stream_id, version, recorded_at, digest, state_schema, state)
VALUES ($1, $2, $3, $4, $5, $6::text::json)
ON CONFLICT (stream_id) DO UPDATE
SET version = excluded.version,
    recorded_at = excluded.recorded_at,
    digest = excluded.digest,
    state_schema = excluded.state_schema,
    state = excluded.state
