INSERT INTO {schema}.views (name, version, position, events, rows, parked) VALUES ($1, $2, '', 0, 0, 0) RETURNING id
