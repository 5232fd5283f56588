SELECT k.place, i.name, i.value
FROM unnest($3::text[]) WITH ORDINALITY AS k (key, place)
JOIN {schema}.views AS v ON v.name = $1 AND v.version = $2
JOIN {schema}.view_index AS i ON i.view = v.id AND i.key = k.key
ORDER BY k.place, i.name, i.value
