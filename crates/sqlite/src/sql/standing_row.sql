SELECT id, indexed FROM view_rows WHERE view = ?1 AND key = ?2
