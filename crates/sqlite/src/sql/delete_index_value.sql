DELETE FROM view_index WHERE view = ?1 AND key = ?2 AND name = ?3 AND value = ?4
