SELECT k.place, r.row
FROM {schema}.views AS v
CROSS JOIN unnest($3::text[]) WITH ORDINALITY AS k (key, place)
JOIN {schema}.view_rows AS r ON r.view = v.id AND r.key = k.key
WHERE v.name = $1 AND v.version = $2
