-- V01: an event that waits for a route stands in history.
SELECT p.stream_id, p.version, format('it waits in view %s v%s, and is not there', v.name, v.version)
FROM {schema}.view_parked AS p JOIN {schema}.views AS v ON v.id = p.view
WHERE NOT EXISTS (SELECT FROM {schema}.events AS e WHERE e.stream_id = p.stream_id AND e.version = p.version)
