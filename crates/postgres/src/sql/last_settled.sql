SELECT position, event_id, recorded_at FROM {schema}.events
WHERE position <= (SELECT max(settled) FROM {schema}.feed_state)
ORDER BY position DESC
LIMIT 1
