UPDATE {schema}.leases SET until = $4 WHERE name = $1 AND owner = $2 AND token = $3 RETURNING token
