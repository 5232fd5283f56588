SELECT i.value, i.key, r.row
FROM {schema}.view_index AS i
JOIN {schema}.view_rows AS r ON r.view = i.view AND r.key = i.key
WHERE i.view = (SELECT v.id FROM {schema}.views AS v WHERE v.name = $1 AND v.version = $2)
  AND i.name = $3 AND (i.value, i.key) >= ($4, $5) AND (i.value, i.key) < ($6, $7)
ORDER BY i.value DESC, i.key DESC
LIMIT $8
