DELETE FROM {schema}.view_rows WHERE view = $1 AND key = ANY ($2::text[]) RETURNING 1
