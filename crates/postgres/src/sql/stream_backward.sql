-- Who asks knows the stream.
SELECT NULL::bigint, NULL::text, version, event_id, event_type, schema_version, commit_id, commit_index, commit_size,
       recorded_at, digest, metadata, payload
FROM {schema}.events WHERE stream_id = $1 AND version BETWEEN $2 AND $3 ORDER BY version DESC LIMIT $4
