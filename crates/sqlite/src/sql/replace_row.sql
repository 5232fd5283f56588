UPDATE view_rows SET row = ?3 WHERE view = ?1 AND key = ?2
