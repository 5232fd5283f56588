-- Up to where the feed is settled: everything at or below is visible, or will never exist.

CREATE TABLE {schema}.feed_state (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    settled bigint NOT NULL
);

INSERT INTO {schema}.feed_state (settled) VALUES (0);
