DELETE FROM {schema}.snapshots AS s
WHERE NOT EXISTS (SELECT FROM {schema}.events AS e
                  WHERE e.stream_id = s.stream_id AND e.version = s.version AND e.digest = s.digest)
RETURNING 1
