SELECT outcome, reason FROM {schema}.once WHERE commit_id = $1
