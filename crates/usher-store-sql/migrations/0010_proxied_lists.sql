-- Lists of the providers behind proxies (usher_registry::ProxiedList).
CREATE TABLE proxied_list (
    proxy    TEXT   NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    list     TEXT   NOT NULL
);
