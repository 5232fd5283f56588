-- Stamps may fall from one stream to another, so no search by halves will do: $2 events are looked at from $1 on, for the
-- first that was recorded at $3 or later, and the last one looked at.
SELECT min(s.position) FILTER (WHERE s.recorded_at >= $3), max(s.position)
FROM (SELECT e.position, e.recorded_at FROM {schema}.events AS e
      WHERE e.position > $1 AND e.position <= (SELECT max(settled) FROM {schema}.feed_state)
      ORDER BY e.position
      LIMIT $2) AS s
