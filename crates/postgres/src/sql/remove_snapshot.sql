DELETE FROM {schema}.snapshots WHERE stream_id = $1
