-- Our own single-sign-on service (usher_entitle::SsoAccount): the devices of a viewer, the tokens issued to
-- them (digests), and codes that link further devices.
CREATE TABLE sso_device (
    company     TEXT   NOT NULL,
    sub         TEXT   NOT NULL,
    device      BLOB   NOT NULL,
    device_type TEXT,
    model       TEXT,
    os          TEXT,
    os_version  TEXT,
    first_seen  BIGINT NOT NULL,
    last_seen   BIGINT NOT NULL,
    PRIMARY KEY (company, sub, device)
);

CREATE TABLE sso_token (
    token     BLOB   NOT NULL PRIMARY KEY,
    company   TEXT   NOT NULL,
    sub       TEXT   NOT NULL,
    device    BLOB   NOT NULL,
    not_after BIGINT NOT NULL,
    FOREIGN KEY (company, sub, device) REFERENCES sso_device (company, sub, device) ON DELETE CASCADE
);

CREATE INDEX sso_token_device ON sso_token (company, sub, device);
CREATE INDEX sso_token_not_after ON sso_token (not_after);

CREATE TABLE sso_link_code (
    code       TEXT   NOT NULL PRIMARY KEY,
    company    TEXT   NOT NULL,
    sub        TEXT   NOT NULL,
    not_before BIGINT NOT NULL,
    not_after  BIGINT NOT NULL
);
