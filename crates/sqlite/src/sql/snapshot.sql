SELECT version, recorded_at, digest, state_schema, state FROM snapshots WHERE stream = ?1
