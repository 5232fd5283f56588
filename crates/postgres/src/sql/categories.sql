SELECT split_part(stream_id, '-', 1) AS category, count(*) FILTER (WHERE version = 1), count(*)
FROM {schema}.events GROUP BY 1 ORDER BY 1
