-- What guards history: its trigger, its keys, and numbers that are still to be drawn.
SELECT NULL::text, NULL::bigint, 'the trigger that refuses changes of history is missing or switched off'
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
                  WHERE tgrelid = '{schema}.events'::regclass AND tgname = 'history_is_append_only'
                    AND tgenabled IN ('O', 'A'))
UNION ALL
SELECT NULL, NULL, format('the unique index %s is missing or not valid', wanted.name)
FROM (VALUES ('events_pkey'), ('events_by_stream'), ('events_by_commit')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                  WHERE i.indrelid = '{schema}.events'::regclass AND c.relname = wanted.name
                    AND i.indisunique AND i.indisvalid AND i.indisready)
UNION ALL
SELECT NULL, NULL, format('the next position is not beyond the last one, %s', last.position)
FROM (SELECT max(position) AS position FROM {schema}.events) AS last
WHERE last.position > coalesce(pg_catalog.pg_sequence_last_value(
    pg_catalog.pg_get_serial_sequence('{schema}.events', 'position')::regclass), 0)
