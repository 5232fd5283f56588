INSERT INTO streams (name, version, recorded_at, digest) VALUES (?1, ?2, ?3, ?4)
