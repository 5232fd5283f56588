INSERT INTO view_rows (view, key, indexed, row) VALUES (?1, ?2, ?3, ?4)
