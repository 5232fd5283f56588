SELECT name, value FROM view_index WHERE view = ?1 AND key = ?2 ORDER BY name
