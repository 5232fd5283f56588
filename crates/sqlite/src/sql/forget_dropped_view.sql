DELETE FROM dropped_views WHERE view = ?1
