DELETE FROM view_rows WHERE rowid IN (SELECT rowid FROM view_rows WHERE view = ?1 LIMIT ?2)
