-- Up to where the feed is settled, the last position drawn, and whether the server is a replica.
SELECT (SELECT max(settled) FROM {schema}.feed_state), CASE WHEN is_called THEN last_value ELSE 0 END,
       pg_is_in_recovery()
FROM {schema}.events_position_seq
