SELECT NULL, NULL, 'the outcome of commit ' || lower(hex(commit_id)) || ' cannot be read'
FROM outcomes
WHERE length(commit_id) <> 16
   OR CASE WHEN reason IS NULL THEN FALSE WHEN json_valid(reason) THEN json_type(reason) <> 'object' ELSE TRUE END
