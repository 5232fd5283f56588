UPDATE {schema}.views
SET position = $2, events = $3, last_recorded_at = $4, rows = rows + $5, parked = parked + $6
WHERE id = $1
