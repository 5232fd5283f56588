-- Views in which events wait that are not in history.
SELECT DISTINCT p.view
FROM view_parked AS p
WHERE p.view IN (SELECT id FROM views)
  AND NOT EXISTS (SELECT 1 FROM streams AS s JOIN events AS e ON e.stream = s.id AND e.version = p.version
                  WHERE s.name = p.stream)
