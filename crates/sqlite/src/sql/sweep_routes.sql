DELETE FROM view_routes
WHERE view = ?1 AND (stream, key) IN (SELECT stream, key FROM view_routes WHERE view = ?1 LIMIT ?2)
