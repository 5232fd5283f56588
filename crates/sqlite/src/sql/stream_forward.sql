SELECT position, stream, version, event_id, type, schema_version, commit_id, commit_index, commit_size,
       recorded_at, digest, metadata, payload
FROM events
WHERE stream = (SELECT id FROM streams WHERE name = ?1) AND version BETWEEN ?2 AND ?3
ORDER BY version
