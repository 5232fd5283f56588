-- Views: rows, declared indexes, routes, parked events and a checkpoint, changed together. Ids are never used again.

CREATE TABLE {schema}.views (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text COLLATE "C" NOT NULL,
    version          bigint NOT NULL,
    position         text COLLATE "C" NOT NULL,
    events           bigint NOT NULL,
    last_recorded_at timestamptz,
    rows             bigint NOT NULL,
    parked           bigint NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE {schema}.view_rows (
    view bigint NOT NULL,
    key  text COLLATE "C" NOT NULL,
    row  json NOT NULL,
    PRIMARY KEY (view, key)
);

CREATE TABLE {schema}.view_index (
    view  bigint NOT NULL,
    name  text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    key   text COLLATE "C" NOT NULL,
    PRIMARY KEY (view, name, value, key)
);

CREATE INDEX view_index_by_key ON {schema}.view_index (view, key);

CREATE TABLE {schema}.view_routes (
    view      bigint NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL,
    PRIMARY KEY (view, stream_id, key)
);

CREATE TABLE {schema}.view_parked (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view      bigint NOT NULL,
    awaits    text COLLATE "C" NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    version   bigint NOT NULL,
    UNIQUE (view, awaits, stream_id, version)
);

CREATE TABLE {schema}.dropped_views (
    view bigint PRIMARY KEY
);
