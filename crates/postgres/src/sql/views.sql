SELECT id, name, version, position, events, last_recorded_at, rows, parked FROM {schema}.views ORDER BY name, version
