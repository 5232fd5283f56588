DELETE FROM {schema}.view_routes
WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.view_routes WHERE view = $1 LIMIT $2))
RETURNING 1
