-- Who has been writing events for longer than $2: process, application, age in microseconds.
SELECT coalesce(l.pid::text, 'a prepared transaction'), coalesce(a.application_name, ''),
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000000, 0)::bigint
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  AND l.relation = (SELECT c.oid FROM pg_catalog.pg_class AS c
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = $1 AND c.relname = 'events')
  AND (l.pid IS NULL OR a.xact_start IS NULL
       OR a.xact_start < clock_timestamp() - $2::bigint * interval '1 microsecond')
ORDER BY a.xact_start
