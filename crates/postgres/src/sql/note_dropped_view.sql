INSERT INTO {schema}.dropped_views (view) VALUES ($1)
