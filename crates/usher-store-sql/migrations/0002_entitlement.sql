-- Authentication sessions (usher_entitle::AuthenticationSession): at most one per holder. Which stage
-- one is in follows from what is known: the login columns stand in a sign-in under way only.
CREATE TABLE authentication_session (
    service_provider TEXT   NOT NULL,
    client           TEXT   NOT NULL,
    device           BLOB   NOT NULL,
    code             TEXT   NOT NULL UNIQUE,
    session_id       TEXT   NOT NULL,
    origin           TEXT   NOT NULL,
    mvpd             TEXT,
    domain_name      TEXT,
    redirect_url     TEXT,
    login_state      BLOB   UNIQUE,
    login_pending    BLOB,
    completed        BIGINT NOT NULL,
    not_before       BIGINT NOT NULL,
    not_after        BIGINT NOT NULL,
    PRIMARY KEY (service_provider, client, device)
);

CREATE INDEX authentication_session_not_after ON authentication_session (not_after);

-- Profiles and their tombstones (usher_entitle::Profile). `credentials` are sealed.
CREATE TABLE profile (
    service_provider TEXT   NOT NULL,
    client           TEXT   NOT NULL,
    device           BLOB   NOT NULL,
    mvpd             TEXT   NOT NULL,
    id               TEXT   NOT NULL,
    user_id          TEXT   NOT NULL,
    attributes       TEXT   NOT NULL,
    home_based       BIGINT,
    credentials      BLOB,
    session_id       TEXT   NOT NULL,
    not_before       BIGINT NOT NULL,
    not_after        BIGINT NOT NULL,
    invalidated_at   BIGINT,
    fetched_at       BIGINT,
    PRIMARY KEY (service_provider, client, device, mvpd)
);

CREATE INDEX profile_not_after ON profile (not_after);
CREATE INDEX profile_invalidated_at ON profile (invalidated_at) WHERE invalidated_at IS NOT NULL;

-- Sign-outs that visit the provider (usher_entitle::PendingLogout). `location` is sealed.
CREATE TABLE pending_logout (
    state        BLOB   NOT NULL PRIMARY KEY,
    location     BLOB   NOT NULL,
    redirect_url TEXT   NOT NULL,
    opened       BIGINT NOT NULL,
    not_after    BIGINT NOT NULL
);
