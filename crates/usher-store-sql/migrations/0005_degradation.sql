-- Rules of degradation (usher_entitle::DegradationRule). `target` is empty when a rule covers everything.
CREATE TABLE degradation_rule (
    service_provider TEXT   NOT NULL,
    mvpd             TEXT   NOT NULL,
    measure          TEXT   NOT NULL,
    target           TEXT   NOT NULL,
    message          TEXT,
    activated_at     BIGINT NOT NULL,
    not_after        BIGINT NOT NULL,
    removed_at       BIGINT,
    PRIMARY KEY (service_provider, mvpd, measure, target)
);

CREATE INDEX degradation_rule_not_after ON degradation_rule (not_after);
