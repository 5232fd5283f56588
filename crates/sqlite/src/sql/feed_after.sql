SELECT position, stream, version, event_id, type, schema_version, commit_id, commit_index, commit_size,
       recorded_at, digest, metadata, payload
FROM events
WHERE position > ?1
ORDER BY position
