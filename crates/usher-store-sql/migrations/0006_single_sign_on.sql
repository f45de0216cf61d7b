-- Who a viewer is to platforms and identity services (usher_entitle::SsoSubject, digests only). `subjects`
-- of a session go to the profile that comes of it; of a profile they are also rows of `profile_subject`,
-- which finds the profiles of one subject.
ALTER TABLE authentication_session ADD COLUMN subjects TEXT NOT NULL DEFAULT '[]';
ALTER TABLE profile ADD COLUMN subjects TEXT NOT NULL DEFAULT '[]';
ALTER TABLE profile ADD COLUMN framework TEXT;

CREATE TABLE profile_subject (
    method           TEXT   NOT NULL,
    digest           BLOB   NOT NULL,
    service_provider TEXT   NOT NULL,
    client           TEXT   NOT NULL,
    device           BLOB   NOT NULL,
    mvpd             TEXT   NOT NULL,
    PRIMARY KEY (method, digest, service_provider, client, device, mvpd),
    FOREIGN KEY (service_provider, client, device, mvpd)
        REFERENCES profile (service_provider, client, device, mvpd) ON DELETE CASCADE
);

CREATE INDEX profile_subject_of ON profile_subject (service_provider, client, device, mvpd);
