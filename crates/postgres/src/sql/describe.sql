SELECT (SELECT count(*) FROM {schema}.snapshots),
       (SELECT coalesce(sum(rows), 0)::bigint FROM {schema}.views),
       (SELECT count(*) FROM {schema}.once WHERE outcome <> 'committed'),
       (SELECT count(*) FROM {schema}.views),
       (SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'm')),
       current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync'),
       current_setting('server_encoding')
