-- Privacy requests (usher_entitle::PrivacyJob): `body` is sealed. A job is due as long as it is not done.
CREATE TABLE privacy_job (
    id           TEXT   NOT NULL PRIMARY KEY,
    organization TEXT   NOT NULL,
    regulation   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT,
    body         BLOB   NOT NULL
);

CREATE INDEX privacy_job_due_at ON privacy_job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX privacy_job_created_at ON privacy_job (created_at);

-- Finds what is stored of one viewer.
CREATE INDEX profile_user ON profile (mvpd, user_id);
