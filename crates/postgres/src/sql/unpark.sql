DELETE FROM {schema}.view_parked AS v
USING unnest($2::text[], $3::text[], $4::bigint[]) AS p (awaits, stream_id, version)
WHERE v.view = $1 AND v.awaits = p.awaits AND v.stream_id = p.stream_id AND v.version = p.version
RETURNING 1
