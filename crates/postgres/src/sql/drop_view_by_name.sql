-- By its number alone: a view whose checkpoint cannot be read is dropped like any other.
DELETE FROM {schema}.views WHERE name = $1 AND version = $2 RETURNING id
