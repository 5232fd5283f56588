SELECT s.place, r.key
FROM {schema}.views AS v
CROSS JOIN unnest($3::text[]) WITH ORDINALITY AS s (stream_id, place)
JOIN {schema}.view_routes AS r ON r.view = v.id AND r.stream_id = s.stream_id
WHERE v.name = $1 AND v.version = $2
ORDER BY s.place, r.key
