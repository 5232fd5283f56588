DELETE FROM {schema}.view_rows
WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.view_rows WHERE view = $1 LIMIT $2))
RETURNING 1
