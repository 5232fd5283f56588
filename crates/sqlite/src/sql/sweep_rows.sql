DELETE FROM view_rows WHERE id IN (SELECT id FROM view_rows WHERE view = ?1 LIMIT ?2)
