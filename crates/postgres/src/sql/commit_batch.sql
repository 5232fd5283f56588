-- Records those commits of a batch that hold, and says of the others why they do not. One statement: what is looked
-- up is as old as what is compared, and a race that is lost later ends it by a unique key.
--
-- Commits: $1 id, $2 the process's clock (null where it does not matter), $3 and $4 what `once` keeps (null for none).
-- Appends: $5 commit, $6 stream, $7 and $8 version and digest of the head that it continues (0 and null for none).
-- Events, by stream and version: $9 commit, then the columns in their order.
WITH commits AS MATERIALIZED (
    SELECT c.commit, c.id, c.outcome, c.reason,
           coalesce((SELECT true FROM {schema}.events AS e WHERE e.commit_id = c.id LIMIT 1),
                    (SELECT true FROM {schema}.once AS o WHERE o.commit_id = c.id), false) AS stands,
           coalesce(c.clock NOT BETWEEN clock_timestamp() - interval '10 s' AND clock_timestamp() + interval '10 s',
                    false) AS skewed
    FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[])
         WITH ORDINALITY AS c (id, clock, outcome, reason, commit)
),
heads AS MATERIALIZED (
    SELECT a.commit::bigint, a.place, h.version, h.recorded_at, h.digest,
           coalesce(h.version, 0) = a.version AND h.digest IS NOT DISTINCT FROM a.digest AS holds
    FROM unnest($5::integer[], $6::text[], $7::bigint[], $8::bytea[])
         WITH ORDINALITY AS a (commit, stream_id, version, digest, place)
    LEFT JOIN LATERAL (
        SELECT e.version, e.recorded_at, e.digest FROM {schema}.events AS e
        WHERE e.stream_id = a.stream_id ORDER BY e.version DESC LIMIT 1
    ) AS h ON true
),
refused AS MATERIALIZED (
    SELECT commit FROM commits WHERE stands OR skewed
    UNION
    SELECT commit FROM heads WHERE NOT holds
),
recorded AS (
    INSERT INTO {schema}.events (stream_id, version, event_id, event_type, schema_version, commit_id, commit_index,
                                 commit_size, recorded_at, digest, metadata, payload)
    SELECT e.stream_id, e.version, e.event_id, e.event_type, e.schema_version, e.commit_id, e.commit_index,
           e.commit_size, e.recorded_at, e.digest, e.metadata::json, e.payload::json
    FROM unnest($9::integer[], $10::text[], $11::bigint[], $12::uuid[], $13::text[], $14::smallint[], $15::uuid[],
                $16::smallint[], $17::smallint[], $18::timestamptz[], $19::bytea[], $20::text[], $21::text[])
         AS e (commit, stream_id, version, event_id, event_type, schema_version, commit_id, commit_index, commit_size,
               recorded_at, digest, metadata, payload)
    WHERE e.commit NOT IN (SELECT commit FROM refused)
    RETURNING 1
),
kept AS (
    INSERT INTO {schema}.once (commit_id, outcome, reason)
    SELECT id, outcome, reason::json FROM commits
    WHERE outcome IS NOT NULL AND commit NOT IN (SELECT commit FROM refused)
    RETURNING 1
)
SELECT c.commit, h.place, c.stands, c.skewed, h.version, h.recorded_at, h.digest
FROM commits AS c LEFT JOIN heads AS h USING (commit)
WHERE c.commit IN (SELECT commit FROM refused)
UNION ALL
SELECT 0, NULL, false, false, (SELECT count(*) FROM recorded) + (SELECT count(*) FROM kept), clock_timestamp(), NULL
ORDER BY 1, 2
