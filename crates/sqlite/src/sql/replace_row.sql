UPDATE view_rows SET indexed = ?2, row = ?3 WHERE id = ?1
