SELECT current_setting('server_encoding'),
       to_regnamespace(quote_ident($1)) IS NOT NULL,
       EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relname = 'store')
