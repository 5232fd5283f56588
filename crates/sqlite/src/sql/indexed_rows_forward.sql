SELECT i.value, i.key, r.row
FROM view_index AS i
CROSS JOIN view_rows AS r ON r.view = i.view AND r.key = i.key
WHERE i.view = ?1 AND i.name = ?2 AND (i.value, i.key) >= (?3, ?4) AND (i.value, i.key) < (?5, ?6)
ORDER BY i.value, i.key
LIMIT ?7
