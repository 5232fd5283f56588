INSERT OR IGNORE INTO view_routes (view, stream, key) VALUES (?1, ?2, ?3)
