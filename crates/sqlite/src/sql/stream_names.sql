SELECT id, name FROM streams WHERE id BETWEEN ?1 AND ?2
