-- Roles of least privilege for a store in the schema "annals". Run it as the schema's owner (who may create roles), after
-- the store was opened once. Give a program's role one of the two: GRANT annals_writer TO shop;

CREATE ROLE annals_writer NOLOGIN;
CREATE ROLE annals_reader NOLOGIN;

GRANT USAGE ON SCHEMA annals TO annals_writer, annals_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA annals TO annals_writer, annals_reader;
GRANT SELECT ON SEQUENCE annals.events_position_seq TO annals_writer, annals_reader;

-- Up to where the feed is settled is found out by whoever reads it, and kept for all.
GRANT UPDATE (settled) ON annals.feed_state TO annals_writer, annals_reader;

-- History is added to, never changed: nobody but the owner has more than this, and the owner has a trigger in the way.
GRANT INSERT ON annals.events, annals.once TO annals_writer;

-- What can be built again from history.
GRANT INSERT, UPDATE, DELETE ON annals.snapshots, annals.leases, annals.views, annals.view_rows, annals.view_index,
    annals.view_routes, annals.view_parked, annals.dropped_views TO annals_writer;
