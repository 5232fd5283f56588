DELETE FROM outcomes
WHERE EXISTS (SELECT 1 FROM events AS e WHERE e.commit_id = outcomes.commit_id AND e.commit_index = 0)
