-- Snapshots of streams that have no events; those of the others are checked with their streams.
SELECT n.stream, n.version, 'it is a snapshot of a stream that has no events'
FROM snapshots AS n
WHERE NOT EXISTS (SELECT 1 FROM streams AS s JOIN events AS e ON e.stream = s.id WHERE s.name = n.stream)
