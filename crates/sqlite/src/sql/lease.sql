SELECT owner, token, until FROM leases WHERE name = ?1
