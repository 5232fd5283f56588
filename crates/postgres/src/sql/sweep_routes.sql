DELETE FROM {schema}.view_routes
WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.view_routes WHERE view = $1 ORDER BY stream_id, key LIMIT $2))
RETURNING 1
