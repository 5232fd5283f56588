SELECT EXISTS (SELECT 1 FROM leases WHERE name = ?1 AND owner = ?2 AND token = ?3)
