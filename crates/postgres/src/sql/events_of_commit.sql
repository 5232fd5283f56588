SELECT position, stream_id, version, event_id, event_type, schema_version, commit_id, commit_index, commit_size,
       recorded_at, digest, metadata, payload
FROM {schema}.events WHERE commit_id = $1 ORDER BY commit_index
