SELECT '', key, row FROM view_rows WHERE view = ?1 AND key >= ?2 AND key < ?3 ORDER BY key LIMIT ?4
