-- Index values that lead to no row, or that their row does not name.
SELECT NULL, NULL, v.name || ' v' || v.version || ' finds the row ' || i.key || ' by ' || i.name || ', and has no such row'
FROM view_index AS i
JOIN views AS v ON v.id = i.view
WHERE NOT EXISTS (SELECT 1
                  FROM view_rows AS r
                  CROSS JOIN json_each(r.indexed) AS j ON j.key = i.name AND j.value = i.value
                  WHERE r.view = i.view AND r.key = i.key)
