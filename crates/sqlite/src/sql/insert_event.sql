INSERT INTO events (stream, version, event_id, type, schema_version, commit_id, commit_index, commit_size,
                    recorded_at, digest, metadata, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
