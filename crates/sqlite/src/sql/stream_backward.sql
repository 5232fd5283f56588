SELECT position, stream, version, type, recorded_at, numbers, fixed, metadata, payload
FROM events
WHERE stream = (SELECT id FROM streams WHERE name = ?1) AND version BETWEEN ?2 AND ?3
ORDER BY version DESC
