UPDATE view_rows SET row = ?2 WHERE id = ?1
