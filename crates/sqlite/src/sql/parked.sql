SELECT id, stream, version FROM view_parked WHERE view = ?1 AND awaits = ?2
