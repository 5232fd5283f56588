DELETE FROM {schema}.once AS o
WHERE (o.outcome = 'committed') <> EXISTS (SELECT FROM {schema}.events AS e WHERE e.commit_id = o.commit_id)
RETURNING 1
