-- Up to where the feed is settled, the last position drawn, and whether the server is a replica.
SELECT f.settled, CASE WHEN s.is_called THEN s.last_value ELSE 0 END, pg_is_in_recovery()
FROM {schema}.feed_state AS f CROSS JOIN {schema}.events_position_seq AS s
