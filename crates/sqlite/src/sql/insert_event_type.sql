INSERT INTO event_types (name) VALUES (?1)
