SELECT key FROM view_routes WHERE view = ?1 AND stream = ?2 ORDER BY key
