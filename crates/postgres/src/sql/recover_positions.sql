-- F03: no position is drawn again.
SELECT setval(pg_get_serial_sequence('{schema}.events', 'position')::regclass, last.position)
FROM (SELECT max(position) AS position FROM {schema}.events) AS last
WHERE last.position > coalesce(pg_sequence_last_value(
    pg_get_serial_sequence('{schema}.events', 'position')::regclass), 0)
