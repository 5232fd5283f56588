DELETE FROM {schema}.view_index
WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.view_index WHERE view = $1
                         ORDER BY name, value, key LIMIT $2))
RETURNING 1
