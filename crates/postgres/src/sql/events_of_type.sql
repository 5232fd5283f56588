-- $2 to $4 are the stamp, stream and version after which to go on; $5 is the moment that the first page fixed.
SELECT position, stream_id, version, event_id, event_type, schema_version, commit_id, commit_index, commit_size,
       recorded_at, digest, metadata, payload
FROM {schema}.events
WHERE event_type = $1 AND (recorded_at, stream_id, version) > ($2, $3, $4) AND position <= $5
ORDER BY recorded_at, stream_id, version
LIMIT $6
