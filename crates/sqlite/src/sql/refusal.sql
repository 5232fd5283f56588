SELECT reason FROM refusals WHERE commit_id = ?1
