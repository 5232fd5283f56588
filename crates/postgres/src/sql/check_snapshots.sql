-- S03: a snapshot is of an event that stands in history.
SELECT s.stream_id, s.version, 'its snapshot is of an event that is not there'
FROM {schema}.snapshots AS s
WHERE NOT EXISTS (SELECT FROM {schema}.events AS e
                  WHERE e.stream_id = s.stream_id AND e.version = s.version AND e.digest = s.digest)
