-- A12: what is kept to have happened once did happen so.
SELECT NULL::text, NULL::bigint,
       CASE WHEN o.outcome = 'committed' THEN format('commit %s is kept, and its events are not there', o.commit_id)
            ELSE format('commit %s is kept as %s, and has events', o.commit_id, o.outcome) END
FROM {schema}.once AS o
WHERE (o.outcome = 'committed') <> EXISTS (SELECT FROM {schema}.events AS e WHERE e.commit_id = o.commit_id)
