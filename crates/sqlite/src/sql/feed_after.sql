SELECT position, stream, version, type, recorded_at, numbers, fixed, metadata, payload
FROM events
WHERE position > ?1
ORDER BY position
