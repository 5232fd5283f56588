UPDATE streams SET version = ?2, recorded_at = ?3, digest = ?4 WHERE id = ?1
