INSERT INTO outcomes (commit_id, reason) VALUES (?1, ?2)
