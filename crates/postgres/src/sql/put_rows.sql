-- Whether each row is new.
INSERT INTO {schema}.view_rows AS r (view, key, row)
SELECT $1, c.key, c.row::json FROM unnest($2::text[], $3::text[]) AS c (key, row) ORDER BY c.key
ON CONFLICT (view, key) DO UPDATE SET row = excluded.row
RETURNING r.xmax = 0
