-- The last event of a commit, and up to where the feed is settled.
SELECT position, event_id, recorded_at, (SELECT max(settled) FROM {schema}.feed_state) FROM {schema}.events
WHERE commit_id = $1
-- Found by the commit, never by walking the positions.
ORDER BY position + 0 DESC
LIMIT 1
