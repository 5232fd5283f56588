SELECT position, event_id, recorded_at FROM {schema}.events
WHERE commit_id = $1
-- Found by the commit, never by walking the positions.
ORDER BY position + 0 DESC
LIMIT 1
