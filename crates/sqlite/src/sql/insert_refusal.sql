INSERT INTO refusals (commit_id, reason) VALUES (?1, ?2)
