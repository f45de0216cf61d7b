-- When the trials of a pass last started anew by its schedule.
ALTER TABLE trial_epoch ADD COLUMN reset_at BIGINT NOT NULL DEFAULT 0;
