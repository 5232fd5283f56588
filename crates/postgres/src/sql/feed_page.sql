-- From the event that the position names on ($1), at most $2 of them, up to where the feed is settled. Of events that a
-- filter holds back ($3 types, $4 categories; null for all) only the place is given.
-- F09: the named event is looked for even above that, where a crash or a recovery has put it: it was settled once.
SELECT e.position, e.stream_id, e.version, e.event_id, e.event_type, e.schema_version, e.commit_id, e.commit_index,
       e.commit_size, e.recorded_at, e.digest,
       CASE WHEN p.passes THEN e.metadata END, CASE WHEN p.passes THEN e.payload END, p.passes,
       (SELECT max(settled) FROM {schema}.feed_state),
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {schema}.events_position_seq)
FROM {schema}.events AS e
CROSS JOIN LATERAL (
    SELECT ($3::text[] IS NULL OR e.event_type = ANY ($3))
           AND ($4::text[] IS NULL OR split_part(e.stream_id, '-', 1) = ANY ($4)) AS passes
) AS p
WHERE e.position >= $1 AND e.position <= greatest($1, (SELECT max(settled) FROM {schema}.feed_state))
ORDER BY e.position
LIMIT $2
