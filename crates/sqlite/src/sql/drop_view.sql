DELETE FROM views WHERE id = ?1
