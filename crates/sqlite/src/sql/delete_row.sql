DELETE FROM view_rows WHERE id = ?1
