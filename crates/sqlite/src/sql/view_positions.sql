SELECT id, name, version, position FROM views ORDER BY name, version
