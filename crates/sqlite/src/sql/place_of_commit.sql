SELECT position, commit_size FROM events WHERE commit_id = ?1 AND commit_index = 0
