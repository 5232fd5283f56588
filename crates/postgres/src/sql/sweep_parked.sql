DELETE FROM {schema}.view_parked
WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.view_parked WHERE view = $1
                         ORDER BY awaits, stream_id, version LIMIT $2))
RETURNING 1
