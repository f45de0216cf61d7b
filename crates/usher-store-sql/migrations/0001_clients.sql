-- Registered clients (usher_clients::Client). The secret itself is not kept.
CREATE TABLE client (
    id            TEXT   NOT NULL PRIMARY KEY,
    software      TEXT   NOT NULL,
    secret_digest BLOB   NOT NULL,
    issued_at     BIGINT NOT NULL,
    redirect_uris TEXT   NOT NULL,
    revoked_at    BIGINT
);
