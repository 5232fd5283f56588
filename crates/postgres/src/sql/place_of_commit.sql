SELECT position, event_id, recorded_at FROM {schema}.events
WHERE commit_id = $1
ORDER BY position DESC
LIMIT 1
