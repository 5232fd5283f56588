SELECT NULL, NULL, v.name || ' v' || v.version || ' counts ' || v.rows || ' rows, there are ' || held.rows
FROM views AS v
JOIN (SELECT a.id, (SELECT count(*) FROM view_rows AS r WHERE r.view = a.id) AS rows FROM views AS a)
     AS held ON held.id = v.id
WHERE held.rows <> v.rows
UNION ALL
SELECT NULL, NULL, v.name || ' v' || v.version || ' counts ' || v.parked || ' waiting events, there are ' || held.parked
FROM views AS v
JOIN (SELECT a.id, (SELECT count(*) FROM view_parked AS p WHERE p.view = a.id) AS parked FROM views AS a)
     AS held ON held.id = v.id
WHERE held.parked <> v.parked
