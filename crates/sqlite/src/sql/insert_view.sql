INSERT INTO views (name, version, position, events, last_recorded_at, rows, parked)
VALUES (?1, ?2, '', 0, NULL, 0, 0)
