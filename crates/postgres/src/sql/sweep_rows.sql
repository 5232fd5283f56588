DELETE FROM {schema}.view_rows
WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.view_rows WHERE view = $1 ORDER BY key LIMIT $2))
RETURNING 1
