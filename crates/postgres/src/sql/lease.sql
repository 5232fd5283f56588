SELECT owner, until FROM {schema}.leases WHERE name = $1 AND owner IS NOT NULL
