-- One round at a time in a database and schema. What a round publishes need not wait for the disk: after a crash it is
-- found again.
SELECT set_config('synchronous_commit', 'off', true),
       pg_try_advisory_xact_lock(hashtextextended('annals fence ' || $1, 0))
