-- A04 and A10: versions are dense from 1, and stamps do not fall.
SELECT stream_id, version,
       CASE WHEN before IS NULL THEN format('its first event has version %s', version)
            WHEN version <> before + 1 THEN format('version %s follows version %s', version, before)
            ELSE 'it was recorded before its predecessor' END
FROM (SELECT stream_id, version, recorded_at, lag(version) OVER stream AS before,
             lag(recorded_at) OVER stream AS recorded_before
      FROM {schema}.events WINDOW stream AS (PARTITION BY stream_id ORDER BY version)) AS e
WHERE version <> coalesce(before, 0) + 1 OR recorded_at < recorded_before
