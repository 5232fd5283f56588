-- What belongs to a view that neither is there nor was dropped.
SELECT NULL, NULL, held.what || ' hold rows of view number ' || held.view || ', which is not there'
FROM (SELECT DISTINCT 'view_rows' AS what, view FROM view_rows
      UNION SELECT DISTINCT 'view_index', view FROM view_index
      UNION SELECT DISTINCT 'view_routes', view FROM view_routes
      UNION SELECT DISTINCT 'view_parked', view FROM view_parked) AS held
WHERE held.view NOT IN (SELECT id FROM views UNION SELECT view FROM dropped_views)
