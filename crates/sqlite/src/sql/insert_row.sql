INSERT INTO view_rows (view, key, row) VALUES (?1, ?2, ?3)
