DELETE FROM {schema}.views WHERE id = $1
