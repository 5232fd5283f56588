-- Records a commit of one event if it holds; gives no row if it does not. What is compared, and how races are decided, is
-- as in `commit_batch`, which is asked when this gives no row.
--
-- $1 the process's clock (null where it does not matter), $2 and $3 version and digest of the head that it continues (0
-- and null for none), then the event's columns in their order.
INSERT INTO {schema}.events (stream_id, version, event_id, event_type, schema_version, commit_id, commit_index,
                             commit_size, recorded_at, digest, metadata, payload)
SELECT $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::json, $15::text::json
WHERE coalesce($1::timestamptz BETWEEN clock_timestamp() - interval '10 s' AND clock_timestamp() + interval '10 s', true)
  AND NOT EXISTS (SELECT FROM {schema}.events AS e WHERE e.commit_id = $9)
  AND NOT EXISTS (SELECT FROM {schema}.once AS o WHERE o.commit_id = $9)
  AND NOT EXISTS (SELECT FROM {schema}.events AS e WHERE e.stream_id = $4 AND e.version > $2)
  AND ($2 = 0::bigint OR (SELECT e.digest FROM {schema}.events AS e WHERE e.stream_id = $4 AND e.version = $2) = $3)
RETURNING event_id
