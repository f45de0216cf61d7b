//! Tunable settings and the chain they resolve through (`mvpd` §4).

use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::duration;

/// The settings of one level. What is not set here comes from the more general level.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long a sign-in lasts.
    #[serde(default, deserialize_with = "duration::optional")]
    pub authn_ttl: Option<Duration>,
    /// How long a home-based sign-in lasts.
    #[serde(default, deserialize_with = "duration::optional")]
    pub hba_authn_ttl: Option<Duration>,
    /// How long a permit lasts when the MVPD does not say.
    #[serde(default, deserialize_with = "duration::optional")]
    pub authz_ttl: Option<Duration>,
    /// Resources per preauthorization.
    #[serde(default)]
    pub preflight_resources_max: Option<usize>,
    /// Resources per authorization.
    #[serde(default)]
    pub authorize_resources_max: Option<usize>,
    /// Ask the MVPD for home-based authentication.
    #[serde(default)]
    pub attempt_hba: Option<bool>,
    /// Single sign-on on this platform.
    #[serde(default)]
    pub enable_single_sign_on: Option<bool>,
    /// Honour the user's permission in the partner's framework.
    #[serde(default)]
    pub enforce_platform_permissions: Option<bool>,
    /// One sign-in per channel, no single sign-on.
    #[serde(default)]
    pub auth_per_aggregator: Option<bool>,
    /// One sign-in per browser session.
    #[serde(default)]
    pub auth_per_browser_session: Option<bool>,
    /// The MVPD supports passive authentication.
    #[serde(default)]
    pub passive_authn_enabled: Option<bool>,
}

/// Settings for all platforms, then the exceptions. Later levels win.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsTable {
    /// For every platform.
    #[serde(default)]
    pub all: Settings,
    /// For a platform category.
    #[serde(default)]
    pub category: IndexMap<PlatformCategory, Settings>,
    /// For one platform.
    #[serde(default)]
    pub platform: IndexMap<Platform, Settings>,
}

/// Platform categories (`pass-rest-v2` §17.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformCategory {
    /// Browsers and desktop applications.
    Desktop,
    /// Phones and tablets.
    Mobile,
    /// Television sets, boxes and sticks.
    TvConnected,
    /// Anything that could not be told; gets the most restrictive settings.
    Unidentified,
}

impl PlatformCategory {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "Desktop",
            Self::Mobile => "Mobile",
            Self::TvConnected => "TV Connected",
            Self::Unidentified => "Unidentified",
        }
    }
}

/// Platforms with settings of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[expect(missing_docs, reason = "product names")]
pub enum Platform {
    #[serde(rename = "iOS")]
    Ios,
    Android,
    #[serde(rename = "tvOS")]
    TvOs,
    Roku,
    #[serde(rename = "FireTV")]
    FireTv,
}

impl Platform {
    /// The category the platform belongs to.
    pub const fn category(self) -> PlatformCategory {
        match self {
            Self::Ios | Self::Android => PlatformCategory::Mobile,
            Self::TvOs | Self::Roku | Self::FireTv => PlatformCategory::TvConnected,
        }
    }

    /// The platform's name in reports and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Android => "Android",
            Self::TvOs => "tvOS",
            Self::Roku => "Roku",
            Self::FireTv => "FireTV",
        }
    }
}

/// One integration's settings on one platform: the chain resolved, the last defined value wins
/// (MVPD, integration; at each level: all, category, platform).
#[derive(Clone, Debug, Default)]
pub struct EffectiveSettings(Settings);

macro_rules! resolved {
    ($($(#[$doc:meta])* $field:ident: $kind:ty;)*) => {
        impl EffectiveSettings {
            $($(#[$doc])* pub fn $field(&self) -> Option<$kind> { self.0.$field })*

            fn overlay(&mut self, level: &Settings) {
                $(if level.$field.is_some() { self.0.$field = level.$field; })*
            }
        }
    };
}

resolved! {
    /// How long a sign-in lasts; nothing when the MVPD sets it.
    authn_ttl: Duration;
    /// How long a home-based sign-in lasts.
    hba_authn_ttl: Duration;
    /// How long a permit lasts when the MVPD does not say.
    authz_ttl: Duration;
    /// Resources per preauthorization.
    preflight_resources_max: usize;
    /// Resources per authorization.
    authorize_resources_max: usize;
    /// Whether to ask for home-based authentication.
    attempt_hba: bool;
    /// Whether single sign-on is on.
    enable_single_sign_on: bool;
    /// Whether partner permissions are enforced.
    enforce_platform_permissions: bool;
    /// Whether every channel needs its own sign-in.
    auth_per_aggregator: bool;
    /// Whether every browser session needs its own sign-in.
    auth_per_browser_session: bool;
    /// Whether passive authentication is supported.
    passive_authn_enabled: bool;
}

impl EffectiveSettings {
    /// Resolves `levels`, most general first, for a platform (or only its category).
    pub fn resolve(
        levels: &[&SettingsTable],
        category: PlatformCategory,
        platform: Option<Platform>,
    ) -> Self {
        let mut effective = Self::default();
        for level in levels {
            effective.overlay(&level.all);
        }
        // A platform value at the MVPD is more specific than a general one at the integration
        // (`mvpd` §4: category and platform come after the integration's "Default for All").
        for level in levels {
            if let Some(settings) = level.category.get(&category) {
                effective.overlay(settings);
            }
        }
        for level in levels {
            if let Some(settings) = platform.and_then(|platform| level.platform.get(&platform)) {
                effective.overlay(settings);
            }
        }
        effective
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ttl(hours: u64) -> Settings {
        Settings { authn_ttl: Some(Duration::from_secs(hours * 3600)), ..Settings::default() }
    }

    #[test]
    fn the_most_specific_defined_value_wins() {
        let mvpd = SettingsTable { all: ttl(1), ..SettingsTable::default() };
        let mut integration = SettingsTable { all: ttl(2), ..SettingsTable::default() };
        integration.category.insert(PlatformCategory::TvConnected, ttl(3));
        integration.platform.insert(Platform::Roku, ttl(4));
        let resolve = |category, platform| {
            EffectiveSettings::resolve(&[&mvpd, &integration], category, platform)
                .authn_ttl()
                .map(|ttl| ttl.as_secs() / 3600)
        };

        assert_eq!(resolve(PlatformCategory::Desktop, None), Some(2));
        assert_eq!(resolve(PlatformCategory::TvConnected, Some(Platform::FireTv)), Some(3));
        assert_eq!(resolve(PlatformCategory::TvConnected, Some(Platform::Roku)), Some(4));
    }
}
