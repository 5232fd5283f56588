SELECT position, commit_id, commit_index, commit_size, stream, version FROM events ORDER BY position
