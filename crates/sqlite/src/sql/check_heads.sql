-- Heads that are not their stream's last event.
SELECT s.name, s.version,
       CASE
           WHEN NOT EXISTS (SELECT 1 FROM events AS a WHERE a.stream = s.id)
               THEN 'all its events are gone: its head says that there were ' || s.version
           WHEN e.position IS NULL
               THEN 'the event that its head names is gone: the last one there is version '
                    || (SELECT max(a.version) FROM events AS a WHERE a.stream = s.id)
           ELSE 'the stamp or digest of its head is not the event''s'
       END
FROM streams AS s
LEFT JOIN events AS e ON e.stream = s.id AND e.version = s.version
WHERE e.position IS NULL OR e.recorded_at <> s.recorded_at OR e.digest <> s.digest
