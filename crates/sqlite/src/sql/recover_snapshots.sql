DELETE FROM snapshots
WHERE NOT EXISTS (SELECT 1 FROM streams AS s
                  JOIN events AS e ON e.stream = s.id AND e.version = snapshots.version
                  WHERE s.name = snapshots.stream
                    AND e.digest = snapshots.digest AND e.recorded_at = snapshots.recorded_at)
