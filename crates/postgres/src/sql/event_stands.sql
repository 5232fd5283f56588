SELECT 1 FROM {schema}.events WHERE position = $1 AND event_id = $2
