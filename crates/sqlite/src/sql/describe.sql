SELECT
    (SELECT coalesce(max(position), 0) FROM events),
    (SELECT count(*) FROM streams),
    (SELECT count(*) FROM snapshots),
    (SELECT coalesce(sum(rows), 0) FROM views),
    (SELECT count(*) FROM outcomes),
    (SELECT count(*) FROM views),
    (SELECT max((SELECT max(recorded_at) FROM events WHERE type = event_types.id)) FROM event_types)
