-- The first version that is missing in each stream whose versions are not dense from 1.
SELECT s.name,
       CASE
           WHEN held.least > 1 THEN 1
           ELSE (SELECT min(e.version) + 1 FROM events AS e
                 WHERE e.stream = held.stream
                   AND NOT EXISTS (SELECT 1 FROM events AS n
                                   WHERE n.stream = e.stream AND n.version = e.version + 1))
       END,
       'it is missing: the stream has ' || held.count || ' events from version ' || held.least || ' to ' || held.most
FROM (SELECT stream, count(*) AS count, min(version) AS least, max(version) AS most FROM events GROUP BY stream)
     AS held
LEFT JOIN streams AS s ON s.id = held.stream
WHERE held.least <> 1 OR held.most <> held.count
