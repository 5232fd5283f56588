SELECT id, name, version, position, events, last_recorded_at, rows, parked FROM {schema}.views
WHERE name = $1 AND version = $2
