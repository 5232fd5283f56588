SELECT reason FROM outcomes WHERE commit_id = ?1
