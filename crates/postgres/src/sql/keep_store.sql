-- The id is drawn once, by whoever creates the store.
INSERT INTO {schema}.store (id, schema_version) VALUES ($1, $2)
ON CONFLICT (single) DO UPDATE SET schema_version = excluded.schema_version
RETURNING id
