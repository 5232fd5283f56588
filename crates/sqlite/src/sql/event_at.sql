SELECT position, event_id, recorded_at FROM events WHERE position = ?1
