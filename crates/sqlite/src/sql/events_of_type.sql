-- ?2 to ?4 are the stamp, stream and version after which to go on; ?5 is the moment that the first page fixed.
SELECT e.position, e.stream, e.version, e.type, e.recorded_at, e.numbers, e.fixed, e.metadata, e.payload
FROM events AS e INDEXED BY events_by_type
CROSS JOIN streams AS s ON s.id = e.stream
WHERE e.type = (SELECT id FROM event_types WHERE name = ?1)
  AND e.recorded_at >= ?2
  AND (e.recorded_at > ?2 OR s.name > ?3 OR (s.name = ?3 AND e.version > ?4))
  AND e.position <= ?5
ORDER BY e.recorded_at, s.name, e.version
