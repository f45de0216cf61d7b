//! Which platform a device belongs to (`pass-rest-v2` §17.3), from what is known of it.
//!
//! The application's own words come first, the user agent is the fallback, and a device that cannot
//! be told is `Unidentified`, which gets the most restrictive settings.

use usher_registry::{Platform, PlatformCategory};

use crate::device::DeviceInfo;

/// A device as settings and reports see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectedPlatform {
    /// The platform with settings of its own, when it is one.
    pub platform: Option<Platform>,
    /// Its category.
    pub category: PlatformCategory,
    /// Its name in reports and answers; nothing when unknown.
    pub name: Option<&'static str>,
    /// The operating system, as far as known.
    pub os_family: Option<String>,
    /// The browser, when there is one.
    pub browser: Option<&'static str>,
}

/// What is recognised, in the order in which it is looked for: more specific words first. Each word
/// is searched in lower case.
const SYSTEMS: &[(&str, Found)] = &[
    ("roku", Found::Known(Platform::Roku)),
    ("firetv", Found::Known(Platform::FireTv)),
    ("fire tv", Found::Known(Platform::FireTv)),
    ("fire os", Found::Known(Platform::FireTv)),
    ("aft", Found::Known(Platform::FireTv)),
    ("tvos", Found::Known(Platform::TvOs)),
    ("appletv", Found::Known(Platform::TvOs)),
    ("apple tv", Found::Known(Platform::TvOs)),
    ("ipados", Found::Known(Platform::Ios)),
    ("iphone", Found::Known(Platform::Ios)),
    ("ipad", Found::Known(Platform::Ios)),
    ("ios", Found::Known(Platform::Ios)),
    ("webos", Found::Other(PlatformCategory::TvConnected, "webOS")),
    ("web0s", Found::Other(PlatformCategory::TvConnected, "webOS")),
    ("tizen", Found::Other(PlatformCategory::TvConnected, "Tizen")),
    ("playstation", Found::Other(PlatformCategory::TvConnected, "PlayStation")),
    ("xbox", Found::Other(PlatformCategory::TvConnected, "Xbox")),
    ("android tv", Found::Other(PlatformCategory::TvConnected, "AndroidTV")),
    ("androidtv", Found::Other(PlatformCategory::TvConnected, "AndroidTV")),
    ("googletv", Found::Other(PlatformCategory::TvConnected, "AndroidTV")),
    ("android", Found::Known(Platform::Android)),
    ("chrome os", Found::Other(PlatformCategory::Desktop, "Chrome OS")),
    ("cros", Found::Other(PlatformCategory::Desktop, "Chrome OS")),
    ("windows", Found::Other(PlatformCategory::Desktop, "Windows")),
    ("macintosh", Found::Other(PlatformCategory::Desktop, "macOS")),
    ("mac os", Found::Other(PlatformCategory::Desktop, "macOS")),
    ("macos", Found::Other(PlatformCategory::Desktop, "macOS")),
    ("os x", Found::Other(PlatformCategory::Desktop, "macOS")),
    ("openbsd", Found::Other(PlatformCategory::Desktop, "BSD")),
    ("bsd", Found::Other(PlatformCategory::Desktop, "BSD")),
    ("linux", Found::Other(PlatformCategory::Desktop, "Linux")),
];

/// In the order in which they must be looked for: most browsers claim to be others, too.
const BROWSERS: &[(&str, &str)] = &[
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("opera", "Opera"),
    ("firefox", "Firefox"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
];

#[derive(Clone, Copy)]
enum Found {
    Known(Platform),
    Other(PlatformCategory, &'static str),
}

impl Found {
    const fn name(self) -> &'static str {
        match self {
            Self::Known(platform) => platform.as_str(),
            Self::Other(_, name) => name,
        }
    }

    /// On hardware of a television kind, a desktop system (Linux, most of them) is a TV.
    fn on(self, hardware: Hardware) -> Self {
        match (self, hardware) {
            (Self::Other(PlatformCategory::Desktop, name), Hardware::Television) => {
                Self::Other(PlatformCategory::TvConnected, name)
            }
            (Self::Known(Platform::Android), Hardware::Television) => {
                Self::Other(PlatformCategory::TvConnected, "AndroidTV")
            }
            (found, _) => found,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hardware {
    Television,
    Handheld,
    Desktop,
    Unknown,
}

impl DetectedPlatform {
    /// The platform of this device.
    pub fn of(info: &DeviceInfo) -> Self {
        let hardware = hardware_of(info);
        let found = recognise(info).map(|found| found.on(hardware));
        let (platform, category) = match found {
            Some(Found::Known(platform)) => (Some(platform), platform.category()),
            Some(Found::Other(category, _)) => (None, category),
            None => (None, category_of(hardware)),
        };
        let name = found.map(Found::name);
        let os_family = info.os_family.clone().or_else(|| info.os_name.clone());
        Self {
            platform,
            category,
            name,
            os_family: os_family.or_else(|| name.map(str::to_owned)),
            browser: browser_of(info),
        }
    }
}

fn hardware_of(info: &DeviceInfo) -> Hardware {
    match info.primary_hardware_type.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("settopbox" | "tv" | "mediaplayer" | "gamesconsole" | "projector") => {
            Hardware::Television
        }
        Some("mobilephone" | "tablet" | "ereader" | "wristwatch" | "glasses") => Hardware::Handheld,
        Some("desktop") => Hardware::Desktop,
        _ => Hardware::Unknown,
    }
}

const fn category_of(hardware: Hardware) -> PlatformCategory {
    match hardware {
        Hardware::Television => PlatformCategory::TvConnected,
        Hardware::Handheld => PlatformCategory::Mobile,
        Hardware::Desktop => PlatformCategory::Desktop,
        Hardware::Unknown => PlatformCategory::Unidentified,
    }
}

/// Looks for a system in what the application says of it, then in the user agent.
fn recognise(info: &DeviceInfo) -> Option<Found> {
    let amazon = says(info.manufacturer.as_deref(), "amazon")
        || says(info.os_vendor.as_deref(), "amazon")
        || says(info.model.as_deref(), "aft");
    if amazon && hardware_of(info) != Hardware::Handheld {
        return Some(Found::Known(Platform::FireTv));
    }
    [info.os_name.as_deref(), info.os_family.as_deref(), info.model.as_deref()]
        .into_iter()
        .flatten()
        .find_map(look_up)
        .or_else(|| look_up(info.any_user_agent()))
}

fn says(text: Option<&str>, word: &str) -> bool {
    text.is_some_and(|text| text.to_ascii_lowercase().starts_with(word))
}

fn look_up(text: &str) -> Option<Found> {
    let text = text.to_ascii_lowercase();
    SYSTEMS.iter().find(|(word, _)| contains_word(&text, word)).map(|(_, found)| *found)
}

/// Whether `word` starts a word of `text` (so that `aft` is not found in `draft`).
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        text.get(..at)
            .and_then(|before| before.chars().next_back())
            .is_none_or(|previous| !previous.is_ascii_alphabetic())
    })
}

fn browser_of(info: &DeviceInfo) -> Option<&'static str> {
    let claimed = info.browser_name.as_deref().unwrap_or_else(|| info.any_user_agent());
    let claimed = claimed.to_ascii_lowercase();
    BROWSERS.iter().find(|(word, _)| claimed.contains(word)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(json: &serde_json::Value) -> (Option<&'static str>, PlatformCategory) {
        let info = DeviceInfo::from_json(json.to_string().as_bytes()).unwrap();
        let detected = DetectedPlatform::of(&info);
        (detected.name, detected.category)
    }

    #[test]
    fn the_application_names_its_system() {
        use PlatformCategory::{Desktop, Mobile, TvConnected, Unidentified};
        for (json, name, category) in [
            (serde_json::json!({"osName": "Roku OS"}), Some("Roku"), TvConnected),
            (serde_json::json!({"osName": "Roku"}), Some("Roku"), TvConnected),
            (serde_json::json!({"osName": "tvOS"}), Some("tvOS"), TvConnected),
            (serde_json::json!({"osName": "iPadOS"}), Some("iOS"), Mobile),
            (serde_json::json!({"osName": "Android"}), Some("Android"), Mobile),
            (
                serde_json::json!({"osName": "Android", "manufacturer": "Amazon"}),
                Some("FireTV"),
                TvConnected,
            ),
            (
                serde_json::json!({"osName": "Linux", "primaryHardwareType": "SetTopBox"}),
                Some("Linux"),
                TvConnected,
            ),
            (serde_json::json!({"osName": "Windows"}), Some("Windows"), Desktop),
            (serde_json::json!({"primaryHardwareType": "Tablet"}), None, Mobile),
            (serde_json::json!({"osName": "BeOS", "model": "draft"}), None, Unidentified),
            (serde_json::json!({}), None, Unidentified),
        ] {
            assert_eq!(detect(&json), (name, category), "{json}");
        }
    }

    #[test]
    fn the_user_agent_speaks_for_a_silent_application() {
        for (agent, name) in [
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", Some("iOS")),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", Some("macOS")),
            ("Mozilla/5.0 (Linux; Android 11; AFTKA) AppleWebKit", Some("FireTV")),
            ("Roku/DVP-12.0", Some("Roku")),
            ("curl/8.5.0", None),
        ] {
            let info = DeviceInfo::default().calling_as(Some(agent));
            assert_eq!(DetectedPlatform::of(&info).name, name, "{agent}");
        }
    }
}
