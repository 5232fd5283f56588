INSERT INTO events (stream, version, type, recorded_at, numbers, fixed, metadata, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
