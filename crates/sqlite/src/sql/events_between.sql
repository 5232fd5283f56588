SELECT position, stream, version, event_id, type, schema_version, commit_id, commit_index, commit_size,
       recorded_at, digest, metadata, payload
FROM events
WHERE position BETWEEN ?1 AND ?2
ORDER BY position
