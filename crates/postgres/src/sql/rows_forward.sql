SELECT '', r.key, r.row
FROM {schema}.view_rows AS r
WHERE r.view = (SELECT v.id FROM {schema}.views AS v WHERE v.name = $1 AND v.version = $2)
  AND r.key >= $3 AND r.key < $4
ORDER BY r.key
LIMIT $5
