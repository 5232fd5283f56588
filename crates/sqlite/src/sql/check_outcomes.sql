-- Outcomes without events that contradict history.
SELECT NULL, NULL, 'commit ' || lower(hex(o.commit_id)) || ' is recorded without events, and with'
FROM outcomes AS o
WHERE EXISTS (SELECT 1 FROM events AS e WHERE e.commit_id = o.commit_id AND e.commit_index = 0)
