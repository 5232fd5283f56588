SELECT id, name, version, position FROM {schema}.views ORDER BY name, version
