INSERT OR IGNORE INTO view_parked (view, awaits, stream, version) VALUES (?1, ?2, ?3, ?4)
