-- The events of several streams at once: $1 stream, $2 first and $3 last version, $4 the most of them. Each says, where
-- a position would stand, which of the streams it is of.
SELECT a.place, NULL::text, e.version, e.event_id, e.event_type, e.schema_version, e.commit_id, e.commit_index,
       e.commit_size, e.recorded_at, e.digest, e.metadata, e.payload
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
     WITH ORDINALITY AS a (stream_id, first, last, most, place)
CROSS JOIN LATERAL (
    SELECT * FROM {schema}.events
    WHERE stream_id = a.stream_id AND version BETWEEN a.first AND a.last
    ORDER BY version
    LIMIT a.most
) AS e
