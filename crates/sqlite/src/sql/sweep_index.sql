DELETE FROM view_index
WHERE view = ?1
  AND (name, value, key) IN (SELECT name, value, key FROM view_index WHERE view = ?1 LIMIT ?2)
