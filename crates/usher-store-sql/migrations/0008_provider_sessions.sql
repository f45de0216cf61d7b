-- What providers themselves call a sign-in: by this they end it, and by this it is known which of their
-- endpoints are still needed.
ALTER TABLE profile ADD COLUMN endpoint TEXT;
ALTER TABLE profile ADD COLUMN upstream_subject TEXT;
ALTER TABLE profile ADD COLUMN session_index TEXT;

CREATE INDEX profile_by_subject ON profile (mvpd, upstream_subject);

-- Assertions that were accepted, so that none is accepted twice.
CREATE TABLE used_assertion (
    issuer    TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    not_after BIGINT NOT NULL,
    PRIMARY KEY (issuer, id)
);

CREATE INDEX used_assertion_by_end ON used_assertion (not_after);
