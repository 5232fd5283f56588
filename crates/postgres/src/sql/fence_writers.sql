-- The transactions that hold the lock of who inserts events. A prepared one has no process.
SELECT l.virtualtransaction
FROM pg_catalog.pg_locks AS l
WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  AND l.relation = (SELECT c.oid FROM pg_catalog.pg_class AS c
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = $1 AND c.relname = 'events')
