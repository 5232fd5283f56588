SELECT id, schema_version FROM {schema}.store
