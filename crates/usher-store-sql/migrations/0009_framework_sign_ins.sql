-- Sign-ins that a platform's framework carries to the provider (usher_entitle::FrameworkSignIn).
CREATE TABLE framework_sign_in (
    service_provider TEXT   NOT NULL,
    client           TEXT   NOT NULL,
    device           BLOB   NOT NULL,
    mvpd             TEXT   NOT NULL,
    session_id       TEXT   NOT NULL,
    pending          BLOB   NOT NULL,
    not_after        BIGINT NOT NULL,
    PRIMARY KEY (service_provider, client, device)
);

CREATE INDEX framework_sign_in_by_end ON framework_sign_in (not_after);
