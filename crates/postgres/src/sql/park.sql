INSERT INTO {schema}.view_parked (view, awaits, stream_id, version)
SELECT $1, p.awaits, p.stream_id, p.version
FROM unnest($2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS p (awaits, stream_id, version, place)
ORDER BY p.place
ON CONFLICT DO NOTHING
RETURNING 1
