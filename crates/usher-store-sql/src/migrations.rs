//! The schema, step by step.
//!
//! A step that was released is never edited: its text is compared with what the database remembers.
//! It must work with the code of the release before and after it (expand, move, contract).

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Every step: its number, its name and its statements.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "clients", include_str!("../migrations/0001_clients.sql")),
    (2, "entitlement", include_str!("../migrations/0002_entitlement.sql")),
    (3, "trials", include_str!("../migrations/0003_trials.sql")),
    (4, "changes", include_str!("../migrations/0004_changes.sql")),
    (5, "degradation", include_str!("../migrations/0005_degradation.sql")),
    (6, "single sign-on", include_str!("../migrations/0006_single_sign_on.sql")),
    (7, "single-sign-on service", include_str!("../migrations/0007_sso_service.sql")),
    (8, "provider sessions", include_str!("../migrations/0008_provider_sessions.sql")),
    (9, "framework sign-ins", include_str!("../migrations/0009_framework_sign_ins.sql")),
    (10, "proxied lists", include_str!("../migrations/0010_proxied_lists.sql")),
    (11, "privacy", include_str!("../migrations/0011_privacy.sql")),
    (12, "daily resets", include_str!("../migrations/0012_daily_resets.sql")),
    (13, "small profiles", include_str!("../migrations/0013_small_profiles.sql")),
];

/// Brings a database up to date.
pub(crate) fn migrator() -> Migrator {
    let step = |(number, name, sql): &(i64, &'static str, &'static str)| {
        let sql = SqlStr::from_static(sql);
        Migration::new(*number, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(STEPS.iter().map(step).collect())
}
