-- First the feed's marks: up to where it is settled, the last position drawn, and whether the server is a replica. Then,
-- from the event that the position names on ($1), at most $2 of them, up to where it is settled. Of events that a filter
-- holds back ($3 types, $4 categories with the dash behind them; null for all) metadata and payload are null.
-- F09: the named event is looked for even above that, where a crash or a recovery has put it: it was settled once.
SELECT (SELECT max(settled) FROM {schema}.feed_state) AS position, NULL::text AS stream_id,
       CASE WHEN s.is_called THEN s.last_value ELSE 0 END AS version, NULL::uuid, NULL::text,
       pg_is_in_recovery()::integer::smallint, NULL::uuid, NULL::smallint, NULL::smallint, NULL::timestamptz, NULL::bytea,
       NULL::json, NULL::json
FROM {schema}.events_position_seq AS s
UNION ALL
(SELECT e.position, e.stream_id, e.version, e.event_id, e.event_type, e.schema_version, e.commit_id, e.commit_index,
        e.commit_size, e.recorded_at, e.digest, CASE WHEN e.passes THEN e.metadata END,
        CASE WHEN e.passes THEN e.payload END
 FROM (SELECT *, ($3::text[] IS NULL OR event_type = ANY ($3)) AND ($4::text[] IS NULL OR stream_id ^@ ANY ($4)) AS passes
       FROM {schema}.events
       WHERE position >= $1 AND position <= greatest($1, (SELECT max(settled) FROM {schema}.feed_state))
       ORDER BY position
       LIMIT $2) AS e)
