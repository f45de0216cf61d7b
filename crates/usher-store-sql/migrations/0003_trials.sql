-- Trials of temporary passes (usher_entitle::Trial). A trial counts while its epoch is that of its pass:
-- raising the epoch forgets all trials of a pass at once.
CREATE TABLE trial_epoch (
    service_provider TEXT   NOT NULL,
    mvpd             TEXT   NOT NULL,
    epoch            BIGINT NOT NULL,
    PRIMARY KEY (service_provider, mvpd)
);

CREATE TABLE trial (
    id               TEXT   NOT NULL PRIMARY KEY,
    service_provider TEXT   NOT NULL,
    mvpd             TEXT   NOT NULL,
    epoch            BIGINT NOT NULL,
    revision         BIGINT NOT NULL,
    started_at       BIGINT NOT NULL,
    not_after        BIGINT NOT NULL,
    used             TEXT   NOT NULL
);

CREATE INDEX trial_epoch_of ON trial (service_provider, mvpd, epoch);
CREATE INDEX trial_not_after ON trial (not_after);

-- Where devices and identities (a digest) lead. `kind` tells which of the two `name` is.
CREATE TABLE trial_name (
    service_provider TEXT   NOT NULL,
    mvpd             TEXT   NOT NULL,
    kind             TEXT   NOT NULL,
    name             BLOB   NOT NULL,
    trial            TEXT   NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
    PRIMARY KEY (service_provider, mvpd, kind, name)
);

CREATE INDEX trial_name_trial ON trial_name (trial);
