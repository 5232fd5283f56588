SELECT view FROM dropped_views LIMIT 1
