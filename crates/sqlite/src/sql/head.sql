SELECT id, version, recorded_at, digest FROM streams WHERE name = ?1
