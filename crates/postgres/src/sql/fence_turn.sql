-- One round at a time in a database and schema; its marks besides.
SELECT pg_try_advisory_xact_lock((x'616e6e6c'::bigint << 32) | s.tableoid::bigint),
       (SELECT max(settled) FROM {schema}.feed_state),
       CASE WHEN s.is_called THEN s.last_value ELSE 0 END
FROM {schema}.events_position_seq AS s
