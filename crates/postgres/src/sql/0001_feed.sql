-- Up to where the feed is settled: everything at or below is visible, or will never exist. One row; it is replaced by another
-- key, not changed, so that the newest is found at once however many old ones an open snapshot keeps alive.

CREATE TABLE {schema}.feed_state (
    settled bigint PRIMARY KEY
);

INSERT INTO {schema}.feed_state (settled) VALUES (0);
