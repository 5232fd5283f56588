INSERT INTO {schema}.view_routes (view, stream_id, key)
SELECT $1, r.stream_id, r.key FROM unnest($2::text[], $3::text[]) AS r (stream_id, key)
ON CONFLICT DO NOTHING
