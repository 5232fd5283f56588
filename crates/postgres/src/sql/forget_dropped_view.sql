DELETE FROM {schema}.dropped_views WHERE view = $1
