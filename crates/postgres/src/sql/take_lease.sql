-- Taken when nobody holds it, when it has run out, or when its owner asks again; each change of owner raises the token.
INSERT INTO {schema}.leases AS l (name, owner, token, until) VALUES ($1, $2, 1, $4)
ON CONFLICT (name) DO UPDATE
SET owner = excluded.owner,
    token = CASE WHEN l.owner = excluded.owner THEN l.token ELSE l.token + 1 END,
    until = excluded.until
WHERE l.owner IS NULL OR l.owner = excluded.owner OR l.until <= $3
RETURNING token
