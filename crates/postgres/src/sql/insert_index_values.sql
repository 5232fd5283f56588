INSERT INTO {schema}.view_index (view, name, value, key)
SELECT $1, n.name, n.value, n.key FROM unnest($2::text[], $3::text[], $4::text[]) AS n (name, value, key)
ON CONFLICT DO NOTHING
