-- What the row names and the index has.
SELECT i.name, i.value
FROM view_rows AS r
CROSS JOIN json_each(r.indexed) AS j
CROSS JOIN view_index AS i ON i.view = r.view AND i.name = j.key AND i.value = j.value AND i.key = r.key
WHERE r.view = ?1 AND r.key = ?2
ORDER BY i.name
