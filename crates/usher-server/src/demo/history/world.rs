//! Who is in the demo's past: its channels, providers, devices and applications, as tables.
//!
//! Every id is one of the demo's catalog (`catalog.toml`; a test compares them). Shares are guesses
//! at what such a service sees, not measurements.

use std::ops::Range;

use super::dice::Mix;

/// Something to watch: a resource id, and how many minutes people stay.
pub(super) struct Channel {
    pub(super) id: &'static str,
    pub(super) minutes: Range<u64>,
    /// Whether the small package has it.
    pub(super) basic: bool,
}

/// A service provider, and what its viewers watch with which application.
pub(super) struct Brand {
    pub(super) id: &'static str,
    pub(super) company: &'static str,
    pub(super) channels: Mix<&'static Channel>,
    /// Whether devices and partners may sign viewers in for it.
    pub(super) sso: bool,
    pub(super) television: Player,
    pub(super) mobile: Player,
    pub(super) browser: Player,
}

impl Brand {
    /// What plays this brand on devices of a form.
    pub(super) const fn player(&self, form: Form) -> &Player {
        match form {
            Form::Television => &self.television,
            Form::Mobile => &self.mobile,
            Form::Browser => &self.browser,
        }
    }
}

/// An application as registration and as stream limiting know it.
pub(super) struct Player {
    pub(super) application: &'static Application,
    pub(super) streams: &'static StreamApplication,
}

/// A registered application.
pub(super) struct Application {
    pub(super) name: &'static str,
    pub(super) software_id: &'static str,
    /// What its device information says its id is.
    pub(super) customer_app: &'static str,
    pub(super) version: &'static str,
    pub(super) version_before: &'static str,
}

/// An application of the stream-limiting service.
pub(super) struct StreamApplication {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) tenant: &'static str,
    pub(super) limit: Option<Limit>,
}

/// The rule that limits an application's streams, as its policy in the catalog says.
pub(super) struct Limit {
    pub(super) policy: &'static str,
    pub(super) rule: &'static str,
    pub(super) streams: usize,
    pub(super) scope: Scope,
    pub(super) strategy: Strategy,
}

/// Which streams count together.
pub(super) enum Scope {
    Account,
    Channel,
}

/// Who gives way at the limit.
pub(super) enum Strategy {
    /// The new stream is refused.
    FirstWins,
    /// The oldest stream is stopped at its next heartbeat.
    LatestWins,
}

/// A TV provider and its share of things.
pub(super) struct Provider {
    pub(super) id: &'static str,
    pub(super) proxy: &'static str,
    /// Milliseconds until it has decided.
    pub(super) latency_ms: Range<u64>,
    /// The brands it carries.
    pub(super) brands: Mix<&'static Brand>,
    /// Whether it takes part in the partner's sign-in.
    pub(super) partner: bool,
}

/// A kind of device.
pub(super) struct Model {
    pub(super) platform: &'static str,
    pub(super) class: &'static str,
    pub(super) os_family: &'static str,
    pub(super) browser: Option<Browser>,
    pub(super) form: Form,
    /// What signs viewers in without their provider's page.
    pub(super) shortcut: Option<Shortcut>,
}

/// A browser's name and version.
pub(super) struct Browser {
    pub(super) family: &'static str,
    pub(super) version: &'static str,
}

/// Where an application runs.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Television,
    Mobile,
    Browser,
}

/// A way around the provider's page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortcut {
    /// Another application of the same device has a profile.
    Platform,
    /// The platform's maker vouches.
    Partner,
}

// --- what is on -----------------------------------------------------------------------------------

static ONE: Channel = Channel { id: "acme-one", minutes: 10..95, basic: true };
static TWO: Channel = Channel { id: "acme-two", minutes: 5..55, basic: true };
pub(super) static SPORTS: Channel = Channel { id: "acme-sports", minutes: 25..150, basic: false };
static MOVIES: Channel = Channel { id: "acme-movies", minutes: 35..140, basic: false };
static KIDS: Channel = Channel { id: "acme-kids", minutes: 8..60, basic: true };
static GLOBEX_ONE: Channel = Channel { id: "globex-one", minutes: 8..80, basic: true };
static GLOBEX_LIVE: Channel = Channel { id: "globex-live", minutes: 20..120, basic: false };

pub(super) static REF30: Brand = Brand {
    id: "REF30",
    company: "acme",
    channels: Mix {
        mostly: &ONE,
        otherwise: &[(18, &TWO), (24, &SPORTS), (16, &MOVIES), (8, &KIDS)],
    },
    sso: true,
    television: Player { application: &ACME_TV, streams: &DEMO_APP },
    mobile: Player { application: &ACME_TV, streams: &DEMO_APP },
    browser: Player { application: &ACME_WEB, streams: &DEMO_APP_2 },
};

static NEWS24: Brand = Brand {
    id: "NEWS24",
    company: "acme",
    channels: Mix { mostly: &TWO, otherwise: &[(30, &ONE)] },
    sso: true,
    television: Player { application: &ACME_TV, streams: &DEMO_LATEST },
    mobile: Player { application: &ACME_NEWS, streams: &DEMO_LATEST },
    browser: Player { application: &ACME_WEB, streams: &DEMO_LATEST },
};

static KIDS1: Brand = Brand {
    id: "KIDS1",
    company: "acme",
    channels: Mix { mostly: &KIDS, otherwise: &[] },
    sso: false,
    television: Player { application: &ACME_TV, streams: &DEMO_FREE },
    mobile: Player { application: &ACME_TV, streams: &DEMO_FREE },
    browser: Player { application: &ACME_WEB, streams: &DEMO_FREE },
};

static GLOBEX1: Brand = Brand {
    id: "GLOBEX1",
    company: "globex",
    channels: Mix { mostly: &GLOBEX_ONE, otherwise: &[(35, &GLOBEX_LIVE)] },
    sso: false,
    television: Player { application: &GLOBEX_TV, streams: &DEMO_SHARED_B },
    mobile: Player { application: &GLOBEX_TV, streams: &DEMO_SHARED_B },
    browser: Player { application: &GLOBEX_TV, streams: &DEMO_SHARED_B },
};

// --- who carries it -------------------------------------------------------------------------------

/// The provider that has an outage.
pub(super) static CABLEVISION: Provider = Provider {
    id: "Cablevision",
    proxy: "Direct",
    latency_ms: 45..190,
    brands: Mix { mostly: &REF30, otherwise: &[(26, &NEWS24), (22, &GLOBEX1)] },
    partner: false,
};

static OPCO: Provider = Provider {
    id: "OpCo",
    proxy: "Direct",
    latency_ms: 130..420,
    brands: Mix { mostly: &REF30, otherwise: &[(22, &NEWS24), (20, &KIDS1), (18, &GLOBEX1)] },
    partner: true,
};

static OPCO_PROXIED: Provider = Provider {
    id: "OpCoProxied",
    proxy: "OpCoHub",
    latency_ms: 210..560,
    brands: Mix { mostly: &REF30, otherwise: &[] },
    partner: false,
};

pub(super) static PROVIDERS: Mix<&Provider> =
    Mix { mostly: &CABLEVISION, otherwise: &[(36, &OPCO), (12, &OPCO_PROXIED)] };

/// Where requests arrive.
pub(super) static DATA_CENTRES: Mix<&str> = Mix { mostly: "east", otherwise: &[(38, "west")] };

// --- what it is watched on ------------------------------------------------------------------------

static ROKU: Model = Model {
    platform: "Roku",
    class: "TV",
    os_family: "Roku OS",
    browser: None,
    form: Form::Television,
    shortcut: Some(Shortcut::Platform),
};

static FIRE_TV: Model = Model {
    platform: "FireTV",
    class: "TV",
    os_family: "Fire OS",
    browser: None,
    form: Form::Television,
    shortcut: Some(Shortcut::Platform),
};

static APPLE_TV: Model = Model {
    platform: "tvOS",
    class: "TV",
    os_family: "tvOS",
    browser: None,
    form: Form::Television,
    shortcut: Some(Shortcut::Partner),
};

static TIZEN: Model = Model {
    platform: "Tizen",
    class: "TV",
    os_family: "Tizen",
    browser: None,
    form: Form::Television,
    shortcut: None,
};

static IPHONE: Model = Model {
    platform: "iOS",
    class: "mobile",
    os_family: "iOS",
    browser: None,
    form: Form::Mobile,
    shortcut: Some(Shortcut::Partner),
};

static ANDROID: Model = Model {
    platform: "Android",
    class: "mobile",
    os_family: "Android",
    browser: None,
    form: Form::Mobile,
    shortcut: None,
};

static WINDOWS: Model = Model {
    platform: "Windows",
    class: "PC",
    os_family: "Windows",
    browser: Some(Browser { family: "Chrome", version: "141" }),
    form: Form::Browser,
    shortcut: None,
};

static WINDOWS_EDGE: Model = Model {
    platform: "Windows",
    class: "PC",
    os_family: "Windows",
    browser: Some(Browser { family: "Edge", version: "141" }),
    form: Form::Browser,
    shortcut: None,
};

static MAC: Model = Model {
    platform: "macOS",
    class: "PC",
    os_family: "macOS",
    browser: Some(Browser { family: "Safari", version: "18" }),
    form: Form::Browser,
    shortcut: None,
};

static LINUX: Model = Model {
    platform: "Linux",
    class: "PC",
    os_family: "Linux",
    browser: Some(Browser { family: "Firefox", version: "144" }),
    form: Form::Browser,
    shortcut: None,
};

/// What stands in the living room.
pub(super) static LIVING_ROOM: Mix<&Model> = Mix {
    mostly: &ROKU,
    otherwise: &[(26, &FIRE_TV), (15, &APPLE_TV), (12, &TIZEN), (5, &WINDOWS)],
};

/// What else a household has.
pub(super) static ELSEWHERE: Mix<&Model> = Mix {
    mostly: &IPHONE,
    otherwise: &[
        (25, &ANDROID),
        (16, &WINDOWS),
        (6, &WINDOWS_EDGE),
        (10, &MAC),
        (2, &LINUX),
        (9, &FIRE_TV),
    ],
};

// --- what plays it --------------------------------------------------------------------------------

static ACME_TV: Application = Application {
    name: "acme-tv",
    software_id: "5d0f4c1e-3b7a-4c55-9f0e-000000000001",
    customer_app: "com.acme.tv",
    version: "5.2.0",
    version_before: "5.1.3",
};

static ACME_WEB: Application = Application {
    name: "acme-web",
    software_id: "5d0f4c1e-3b7a-4c55-9f0e-000000000002",
    customer_app: "com.acme.web",
    version: "3.8.1",
    version_before: "3.8.0",
};

static ACME_NEWS: Application = Application {
    name: "acme-news",
    software_id: "5d0f4c1e-3b7a-4c55-9f0e-000000000003",
    customer_app: "com.acme.news",
    version: "2.4.0",
    version_before: "2.3.7",
};

static GLOBEX_TV: Application = Application {
    name: "globex-tv",
    software_id: "5d0f4c1e-3b7a-4c55-9f0e-00000000000a",
    customer_app: "com.globex.tv",
    version: "1.9.0",
    version_before: "1.8.2",
};

static DEMO_APP: StreamApplication = StreamApplication {
    id: "demo-app",
    name: "Demo application",
    tenant: "acme",
    limit: Some(Limit {
        policy: "demo-policy",
        rule: "3 streams cap",
        streams: 3,
        scope: Scope::Account,
        strategy: Strategy::FirstWins,
    }),
};

static DEMO_APP_2: StreamApplication = StreamApplication {
    id: "demo-app-2",
    name: "Demo application 2",
    tenant: "acme",
    limit: Some(Limit {
        policy: "channel-policy",
        rule: "2 per channel",
        streams: 2,
        scope: Scope::Channel,
        strategy: Strategy::FirstWins,
    }),
};

static DEMO_LATEST: StreamApplication = StreamApplication {
    id: "demo-latest",
    name: "Latest wins",
    tenant: "acme",
    limit: Some(Limit {
        policy: "one-stream-latest-wins",
        rule: "newest stream plays",
        streams: 1,
        scope: Scope::Account,
        strategy: Strategy::LatestWins,
    }),
};

static DEMO_FREE: StreamApplication = StreamApplication {
    id: "demo-free",
    name: "Counted, never limited",
    tenant: "acme",
    limit: None,
};

static DEMO_SHARED_B: StreamApplication = StreamApplication {
    id: "demo-shared-b",
    name: "Shared limit, tenant B",
    tenant: "globex",
    limit: Some(Limit {
        policy: "shared-two",
        rule: "2 over both tenants",
        streams: 2,
        scope: Scope::Account,
        strategy: Strategy::FirstWins,
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_has_an_id_is_in_the_catalog() {
        let catalog = include_str!("../catalog.toml");
        let has = |key: &str, value: &str| {
            assert!(catalog.contains(&format!("{key} = \"{value}\"\n")), "{key} {value}");
        };
        for provider in PROVIDERS.all() {
            has("id", provider.id);
            for brand in provider.brands.all() {
                has("id", brand.id);
                has("id", brand.company);
                // What the proxy has, the providers behind it have.
                let carriers = [provider.id, provider.proxy];
                let pair = |mvpd: &&str| {
                    format!("service_provider = \"{}\"\nmvpd = \"{mvpd}\"\n", brand.id)
                };
                let integrated = carriers.iter().any(|it| catalog.contains(&pair(it)));
                assert!(integrated, "{} at {}", brand.id, provider.id);
                for form in [Form::Television, Form::Mobile, Form::Browser] {
                    let Player { application, streams } = brand.player(form);
                    has("name", application.name);
                    has("id", application.software_id);
                    has("id", streams.id);
                    has("name", streams.name);
                    has("tenant", streams.tenant);
                    if let Some(limit) = &streams.limit {
                        has("name", limit.policy);
                        has("name", limit.rule);
                    }
                }
            }
        }
    }
}
