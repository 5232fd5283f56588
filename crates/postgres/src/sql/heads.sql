-- The head of each stream, in the order of the streams; null for one without events.
SELECT h.version, h.recorded_at, h.digest
FROM unnest($1::text[]) WITH ORDINALITY AS s (stream_id, place)
LEFT JOIN LATERAL (
    SELECT e.version, e.recorded_at, e.digest FROM {schema}.events AS e
    WHERE e.stream_id = s.stream_id ORDER BY e.version DESC LIMIT 1
) AS h ON true
ORDER BY s.place
