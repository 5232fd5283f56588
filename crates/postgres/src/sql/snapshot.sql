SELECT version, recorded_at, digest, state_schema, state FROM {schema}.snapshots WHERE stream_id = $1
