SELECT id FROM views WHERE name = ?1 AND version = ?2
