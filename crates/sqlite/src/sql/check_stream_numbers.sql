-- Streams are numbered from 1 as they begin, and never removed.
SELECT NULL, NULL, 'stream number 1 is gone, with its name and head'
FROM (SELECT min(id) AS least FROM streams)
WHERE least > 1
UNION ALL
SELECT NULL, NULL, 'the stream after ' || s.name || ' is gone, with its name and head'
FROM streams AS s
WHERE s.id < (SELECT max(id) FROM streams)
  AND NOT EXISTS (SELECT 1 FROM streams AS n WHERE n.id = s.id + 1)
