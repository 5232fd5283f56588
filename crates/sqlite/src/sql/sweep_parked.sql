DELETE FROM view_parked WHERE id IN (SELECT id FROM view_parked WHERE view = ?1 LIMIT ?2)
