SELECT position, stream, version, type, recorded_at, numbers, fixed, metadata, payload
FROM events
WHERE position BETWEEN ?1 AND ?2
ORDER BY position
