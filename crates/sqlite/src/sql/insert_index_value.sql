INSERT INTO view_index (view, key, name, value) VALUES (?1, ?2, ?3, ?4)
