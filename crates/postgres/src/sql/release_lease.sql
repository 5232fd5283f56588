UPDATE {schema}.leases SET owner = NULL WHERE name = $1 AND owner = $2 AND token = $3
