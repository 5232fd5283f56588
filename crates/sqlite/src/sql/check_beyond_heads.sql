-- Events beyond their stream's head, or of no stream.
SELECT s.name, e.version, 'it stands beyond the stream''s head, version ' || s.version
FROM streams AS s
CROSS JOIN events AS e ON e.stream = s.id AND e.version > s.version
UNION ALL
SELECT NULL, NULL, count(*) || ' events are of stream number ' || e.stream || ', which has no name'
FROM events AS e
WHERE NOT EXISTS (SELECT 1 FROM streams AS s WHERE s.id = e.stream)
GROUP BY e.stream
UNION ALL
SELECT NULL, NULL, count(*) || ' events are of type number ' || e.type || ', which has no name'
FROM events AS e
WHERE NOT EXISTS (SELECT 1 FROM event_types AS t WHERE t.id = e.type)
GROUP BY e.type
