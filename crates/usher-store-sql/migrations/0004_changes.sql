-- The changes log (usher_registry::Change).
CREATE TABLE change (
    number      BIGINT NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    author      TEXT   NOT NULL,
    description TEXT   NOT NULL,
    client      TEXT,
    address     TEXT,
    properties  TEXT   NOT NULL
);
