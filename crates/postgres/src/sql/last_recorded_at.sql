-- The latest stamp of each type stands at the end of its part of the index; types are stepped through.
WITH RECURSIVE types AS (
    (SELECT event_type FROM {schema}.events ORDER BY event_type LIMIT 1)
    UNION ALL
    SELECT (SELECT e.event_type FROM {schema}.events AS e WHERE e.event_type > t.event_type
            ORDER BY e.event_type LIMIT 1)
    FROM types AS t WHERE t.event_type IS NOT NULL
)
SELECT max((SELECT e.recorded_at FROM {schema}.events AS e WHERE e.event_type = t.event_type
            ORDER BY e.recorded_at DESC LIMIT 1))
FROM types AS t
