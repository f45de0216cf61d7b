//! Which platform a device belongs to (`pass-rest-v2` §17.3), from what is known of it.
//!
//! The application's own words come first, what the user agent tells is the fallback, and a device that
//! cannot be told is `Unidentified`, which gets the most restrictive settings.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
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

/// Words to look for, in any case, all of them at once.
struct Words<T: 'static> {
    automaton: Option<AhoCorasick>,
    meanings: &'static [(&'static str, T)],
}

impl<T: Copy> Words<T> {
    /// Looks for the words of `meanings`, those in front first.
    fn new(meanings: &'static [(&'static str, T)]) -> Self {
        let words = meanings.iter().map(|(word, _)| word);
        // It is made of constants, which a test looks up.
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok();
        Self { automaton, meanings }
    }

    /// The meaning of the first word of the table that starts a word of `text` (so that `aft` is not found
    /// in `draft`).
    fn look_up(&self, text: &str) -> Option<T> {
        let found = self.automaton.as_ref()?.find_overlapping_iter(text);
        let starts_a_word = |at: usize| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            before.is_none_or(|previous| !previous.is_ascii_alphabetic())
        };
        let words = found.filter(|word| starts_a_word(word.start()));
        let first = words.map(|word| word.pattern().as_usize()).min()?;
        self.meanings.get(first).map(|(_, meaning)| *meaning)
    }
}

static SYSTEM_WORDS: LazyLock<Words<Found>> = LazyLock::new(|| Words::new(SYSTEMS));
static DEVICE_WORDS: LazyLock<Words<Found>> = LazyLock::new(|| Words::new(DEVICES));
static TELEVISION_WORDS: LazyLock<Words<()>> = LazyLock::new(|| Words::new(TELEVISIONS));

/// What is recognised, in the order in which it is looked for: more specific words first. Each word
/// is in lower case.
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

/// Devices that user agents name beside the system they run, which may be anybody's.
const DEVICES: &[(&str, Found)] = &[
    ("aft", Found::Known(Platform::FireTv)),
    ("roku", Found::Known(Platform::Roku)),
    ("playstation", Found::Other(PlatformCategory::TvConnected, "PlayStation")),
    ("xbox", Found::Other(PlatformCategory::TvConnected, "Xbox")),
    ("android tv", Found::Other(PlatformCategory::TvConnected, "AndroidTV")),
    ("androidtv", Found::Other(PlatformCategory::TvConnected, "AndroidTV")),
    ("googletv", Found::Other(PlatformCategory::TvConnected, "AndroidTV")),
];

/// Words by which user agents of televisions say what they are.
const TELEVISIONS: &[(&str, ())] =
    &[("smarttv", ()), ("smart-tv", ()), ("hbbtv", ()), ("bravia", ())];

/// In the order in which they must be looked for: most browsers claim to be others, too.
const BROWSERS: &[(&str, &str)] = &[
    ("edg", "Edge"),
    ("opera", "Opera"),
    ("internet explorer", "Internet Explorer"),
    ("seamonkey", "SeaMonkey"),
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
        let os_family = info.os_family.as_deref().or(info.os_name.as_deref()).or(name);
        Self {
            platform,
            category,
            name,
            os_family: os_family.or(info.any_os_name()).map(str::to_owned),
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
        _ if TELEVISION_WORDS.look_up(info.any_user_agent()).is_some() => Hardware::Television,
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
        .find_map(|text| SYSTEM_WORDS.look_up(text))
        .or_else(|| DEVICE_WORDS.look_up(info.any_user_agent()))
        .or_else(|| SYSTEM_WORDS.look_up(info.agent.as_ref()?.os_name.as_deref()?))
}

fn says(text: Option<&str>, word: &str) -> bool {
    text.is_some_and(|text| text.to_ascii_lowercase().starts_with(word))
}

fn browser_of(info: &DeviceInfo) -> Option<&'static str> {
    let claimed = info.any_browser_name()?.to_ascii_lowercase();
    BROWSERS.iter().find(|(word, _)| claimed.contains(word)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user_agents::UserAgents;

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
        use PlatformCategory::{Desktop, Mobile, TvConnected, Unidentified};
        let agents = UserAgents::default();
        for (agent, name, category, browser) in [
            ("(iPhone; CPU iPhone OS 17_0 like Mac OS X)", Some("iOS"), Mobile, Some("Safari")),
            (
                "(Macintosh; Intel Mac OS X 10_15_7) Safari/605",
                Some("macOS"),
                Desktop,
                Some("Safari"),
            ),
            ("(Linux; Android 11; AFTKA) AppleWebKit", Some("FireTV"), TvConnected, None),
            (
                "(Linux; Android 13; Pixel 7) Chrome/119.0.0.0 Mobile",
                Some("Android"),
                Mobile,
                Some("Chrome"),
            ),
            ("(Linux; Android 9; BRAVIA 4K)", Some("AndroidTV"), TvConnected, None),
            (
                "(Web0S; Linux/SmartTV) Chrome/79.0.3945.79",
                Some("webOS"),
                TvConnected,
                Some("Chrome"),
            ),
            ("(SMART-TV; LINUX; Tizen 6.0)", Some("Tizen"), TvConnected, None),
            ("(Linux; U) HbbTV/1.5.1", Some("Linux"), TvConnected, None),
            ("(PlayStation 4 5.55)", Some("PlayStation"), TvConnected, None),
            ("(Windows NT 10.0; Win64; x64; Xbox; Xbox One)", Some("Xbox"), TvConnected, None),
            (
                "(Windows NT 10.0) Chrome/119.0 Safari/537.36 Edg/119.0",
                Some("Windows"),
                Desktop,
                Some("Edge"),
            ),
            (
                "(X11; CrOS x86_64 14541.0.0) Chrome/119.0.0.0",
                Some("Chrome OS"),
                Desktop,
                Some("Chrome"),
            ),
            (
                "(X11; OpenBSD amd64; rv:109.0) Gecko/20100101 Firefox/119.0",
                Some("BSD"),
                Desktop,
                Some("Firefox"),
            ),
            (
                "(X11; Ubuntu; Linux x86_64) Gecko/20100101 Firefox/119.0",
                Some("Linux"),
                Desktop,
                Some("Firefox"),
            ),
            ("(KHTML, like Gecko)", None, Unidentified, None),
        ] {
            let agent = format!("Mozilla/5.0 {agent}");
            let info = DeviceInfo::default().calling_as(Some(&agent), &agents);
            let found = DetectedPlatform::of(&info);
            assert_eq!(
                (found.name, found.category, found.browser),
                (name, category, browser),
                "{agent}"
            );
        }
    }

    #[test]
    fn so_do_agents_of_no_browser() {
        let agents = UserAgents::default();
        for (agent, name) in [
            ("Roku/DVP-12.0", Some("Roku")),
            ("Roku4640X/DVP-7.70 (297.70E04154A)", Some("Roku")),
            ("AppleTV11,1/11.1", Some("tvOS")),
            ("Player/1 CFNetwork/1335.0.3 Darwin/21.6.0", Some("iOS")),
            ("curl/8.5.0", None),
        ] {
            let info = DeviceInfo::default().calling_as(Some(agent), &agents);
            assert_eq!(DetectedPlatform::of(&info).name, name, "{agent}");
        }
    }

    #[test]
    fn the_application_knows_better_than_its_user_agent() {
        let said = br#"{"osName":"tvOS","osVersion":"17","userAgent":"Roku/DVP-12.0"}"#;
        let info = DeviceInfo::from_json(said).unwrap();
        let info = info.calling_as(Some("(Windows NT 10.0) Firefox/119.0"), &UserAgents::default());
        assert_eq!(DetectedPlatform::of(&info).name, Some("tvOS"));
        assert_eq!((info.any_os_name(), info.any_os_version()), (Some("tvOS"), Some("17")));
        // It speaks for a device behind it: the server in between does not matter.
        assert_eq!(info.any_browser_name(), Some("Roku"));
    }
}
