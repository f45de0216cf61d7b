-- Metadata take half the room when they are compressed (crates/usher-store-sql/src/entitlement/metadata.rs).
-- `attributes` holds those of earlier versions, as JSON.
ALTER TABLE profile ADD COLUMN metadata BLOB;

-- Most providers do not end sign-ins themselves.
DROP INDEX profile_by_subject;
CREATE INDEX profile_by_subject ON profile (mvpd, upstream_subject) WHERE upstream_subject IS NOT NULL;
