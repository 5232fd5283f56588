-- Events that wait in a view and are not in history.
SELECT p.stream, p.version, v.name || ' v' || v.version || ' has it waiting, and it is not in history'
FROM view_parked AS p
JOIN views AS v ON v.id = p.view
WHERE NOT EXISTS (SELECT 1 FROM streams AS s JOIN events AS e ON e.stream = s.id AND e.version = p.version
                  WHERE s.name = p.stream)
