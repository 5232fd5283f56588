-- A lease given back has no owner; its row stays, so that the next token is higher.

CREATE TABLE {schema}.leases (
    name  text COLLATE "C" PRIMARY KEY,
    owner text COLLATE "C",
    token bigint NOT NULL,
    until timestamptz NOT NULL
);
