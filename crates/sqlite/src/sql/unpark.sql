DELETE FROM view_parked WHERE view = ?1 AND awaits = ?2 AND stream = ?3 AND version = ?4
