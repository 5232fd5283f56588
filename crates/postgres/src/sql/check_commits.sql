-- A01: every commit is whole.
SELECT min(stream_id), NULL::bigint,
       format('commit %s has %s of its %s events', commit_id, count(*), max(commit_size))
FROM {schema}.events GROUP BY commit_id
HAVING count(*) <> max(commit_size) OR min(commit_size) <> max(commit_size) OR max(commit_index) <> count(*) - 1
