INSERT INTO dropped_views (view) VALUES (?1)
