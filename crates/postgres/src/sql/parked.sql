-- In the order of parking. A stream that was asked for twice counts once.
SELECT p.awaits, p.stream_id, p.version
FROM {schema}.views AS v
JOIN {schema}.view_parked AS p ON p.view = v.id AND p.awaits = ANY ($3::text[])
WHERE v.name = $1 AND v.version = $2
ORDER BY p.id
