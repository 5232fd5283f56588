-- Nobody else changes the view until the transaction ends.
SELECT id, position FROM {schema}.views WHERE name = $1 AND version = $2 FOR UPDATE
