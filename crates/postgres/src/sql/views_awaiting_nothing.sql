SELECT DISTINCT p.view FROM {schema}.view_parked AS p
WHERE NOT EXISTS (SELECT FROM {schema}.events AS e WHERE e.stream_id = p.stream_id AND e.version = p.version)
