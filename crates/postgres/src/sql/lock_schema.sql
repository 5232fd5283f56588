-- One number for each schema name: who migrates it holds this lock until its transaction ends.
SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended('annals schema ' || $1, 0))) AS held
