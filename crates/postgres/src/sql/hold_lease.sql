-- Whether nobody took the lease over since it was granted; nobody can until the transaction ends. Clocks play no part.
SELECT token FROM {schema}.leases WHERE name = $1 AND owner = $2 AND token = $3 FOR UPDATE
