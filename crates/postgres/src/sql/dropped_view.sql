-- One that nobody else is sweeping.
SELECT view FROM {schema}.dropped_views ORDER BY view LIMIT 1 FOR UPDATE SKIP LOCKED
