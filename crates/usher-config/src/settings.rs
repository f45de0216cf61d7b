//! Every setting, once: name, type, default, meaning.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::value::{read_duration, read_optional};

/// One key as the sample file and the reference page show it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The section it stands in.
    pub section: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Its default in TOML; empty when there is none.
    pub default: &'static str,
    /// What it means, with unit.
    pub meaning: &'static str,
}

/// Declares the sections: for each key its serde attribute, name, type, default (as a value and as
/// TOML text, held together by a test) and meaning.
macro_rules! settings {
    ($($(#[$section_doc:meta])* $section:ident: $struct:ident {
        $($(#[$attribute:meta])* $key:ident: $type:ty = $default:expr, $text:literal, $meaning:literal;)*
    })*) => {
        /// The whole tree.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $($(#[$section_doc])* pub $section: $struct,)*
        }

        $(
            $(#[$section_doc])*
            #[derive(Clone, Debug, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $struct {
                $(#[doc = $meaning] $(#[$attribute])* pub $key: $type,)*
            }

            impl Default for $struct {
                fn default() -> Self {
                    Self { $($key: $default,)* }
                }
            }
        )*

        /// Every key, in the order of the sections.
        pub const KEYS: &[Key] = &[$($(
            Key { section: stringify!($section), name: stringify!($key), default: $text, meaning: $meaning },
        )*)*];
    };
}

const TERMINATION_MESSAGE: &str = "This session was terminated by a remote session";

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

settings! {
    /// Where the process listens and keeps its data.
    server: Server {
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), "\"127.0.0.1:8080\"",
            "Address and port to listen on; port 0 picks a free one.";
        base_url: Option<String> = None, "",
            "Origin under which clients and browsers reach this server, such as `https://pass.example`; derived from `listen` when absent.";
        data_dir: PathBuf = PathBuf::from("data"), "\"data\"",
            "Directory of the database, the activity image, the event journal and the keys.";
        catalog: PathBuf = PathBuf::from("catalog"), "\"catalog\"",
            "Catalog of channels, providers, applications and policies: a TOML file, or a directory of them. Read again on SIGHUP.";
        #[serde(deserialize_with = "read_duration")]
        drain: Duration = secs(10), "\"10s\"",
            "Time that requests in flight get to finish when the process is told to stop.";
        #[serde(deserialize_with = "read_duration")]
        idle_timeout: Duration = secs(90), "\"90s\"",
            "Time a connection may be silent, and a request's head may take to arrive. Longer than heartbeat intervals, so that players keep their connections.";
        #[serde(deserialize_with = "read_duration")]
        body_timeout: Duration = secs(30), "\"30s\"",
            "Time a request's body may take to arrive.";
    }
    /// What this deployment calls itself.
    deployment: Deployment {
        issuer: String = "usher".into(), "\"usher\"",
            "`iss` of the software statements and access tokens made here.";
        accepted_issuers: Vec<String> = Vec::new(), "[]",
            "Further issuers whose software statements are accepted (they must verify with our keys).";
        environment: String = "release-production".into(), "\"release-production\"",
            "The environment's name in the paths of the admin API.";
        region: String = "main".into(), "\"main\"",
            "Data centre, the `dc` dimension of reports.";
        saml_entity_id: Option<String> = None, "",
            "Entity id towards SAML providers; `https://saml.sp.{domain of base_url}` when absent.";
        help_url: String = "https://usher.example/docs/errors".into(), "\"https://usher.example/docs/errors\"",
            "`helpUrl` of error answers.";
    }
    /// Limits per end device.
    throttle: Throttle {
        enabled: bool = true, "true",
            "Limit requests per device, stream session and subject.";
        rate: f64 = 1.0, "1.0",
            "Sustained requests per second and device.";
        burst: u32 = 10, "10",
            "Requests a device may make on top of the rate.";
        trust_forwarded_for: TrustForwardedFor = TrustForwardedFor::Always, "\"always\"",
            "Whose `X-Forwarded-For` names the device: `always`, `never`, or a list of peer networks in CIDR notation.";
        exempt: Vec<String> = Vec::new(), "[]",
            "Networks in CIDR notation whose clients are not limited: back ends you trust, your monitoring. A client in `X-Forwarded-For` counts only when `trust_forwarded_for` lists the peer that names it.";
    }
    /// Who may watch.
    entitlement: Entitlement {
        #[serde(deserialize_with = "read_duration")]
        access_token_ttl: Duration = secs(21_600), "\"6h\"",
            "Lifetime of access tokens.";
        #[serde(deserialize_with = "read_duration")]
        code_ttl: Duration = secs(1_800), "\"30m\"",
            "Lifetime of an authentication session and its code.";
        #[serde(deserialize_with = "read_duration")]
        link_code_ttl: Duration = secs(1_800), "\"30m\"",
            "Lifetime of codes with which the single-sign-on service links devices; 5 to 60 minutes.";
        sso_table_names: bool = false, "false",
            "Answer of the single-sign-on service also under the member names `jws` and `link`.";
        #[serde(deserialize_with = "read_duration")]
        media_token_ttl: Duration = secs(420), "\"7m\"",
            "Lifetime of media tokens.";
        media_token_format: MediaTokenFormat = MediaTokenFormat::Xml, "\"xml\"",
            "Form of media tokens: `xml` (the documented one) or `jws`.";
        #[serde(deserialize_with = "read_optional")]
        authz_ttl: Option<Duration> = None, "",
            "Lifetime of permits whatever catalog and provider say.";
        #[serde(deserialize_with = "read_optional")]
        profile_ttl: Option<Duration> = None, "",
            "Lifetime of sign-ins whatever the catalog says.";
        authzall_requires_profile: bool = false, "false",
            "Let the degradation rule AuthZAll permit only viewers who are signed in.";
        #[serde(deserialize_with = "read_duration")]
        mvpd_deadline: Duration = secs(8), "\"8s\"",
            "Time for everything a decision asks of a TV provider.";
    }
    /// The way to TV providers.
    providers: Providers {
        egress_proxy: Option<String> = None, "",
            "HTTP(S) proxy that calls to TV providers leave through, such as `http://proxy.example:3128`.";
        allow_plain_http: bool = false, "false",
            "Talk to providers without TLS where the catalog says `allow_plain_http`. For laboratories; never for real viewers.";
    }
    /// Temporary passes.
    temppass: TempPass {
        #[serde(deserialize_with = "read_optional")]
        duration: Option<Duration> = None, "",
            "Length of every trial whatever the catalog says.";
        #[serde(deserialize_with = "read_optional")]
        retention: Option<Duration> = None, "",
            "Time for which an ended trial is remembered before it could be repeated; for ever when absent.";
    }
    /// How many may watch at once.
    streams: Streams {
        #[serde(deserialize_with = "read_duration")]
        heartbeat_interval: Duration = secs(60), "\"60s\"",
            "Announced time between heartbeats, for applications without a value of their own.";
        #[serde(deserialize_with = "read_optional")]
        activity_window: Option<Duration> = None, "",
            "Time after which a silent stream is over; heartbeat interval + 30 s when absent.";
        #[serde(deserialize_with = "read_duration")]
        heartbeat_jitter: Duration = secs(0), "\"0s\"",
            "Announced on top of each heartbeat interval: up to so much at random, in whole seconds, so that streams that started together do not beat together.";
        stretch_max: f64 = 4.0, "4.0",
            "Most times longer than configured that heartbeat intervals are announced while the server cannot keep up; 1 never stretches.";
        #[serde(deserialize_with = "read_duration")]
        stretch_above: Duration = Duration::from_millis(250), "\"250ms\"",
            "Lateness of the server's own tasks, for seconds in a row, above which intervals are stretched.";
        memory_max_mib: u64 = 4096, "4096",
            "Memory that streams may take, in MiB (about 2000 streams each); starts beyond are answered 503.";
        session_calls: u32 = 200, "200",
            "Heartbeats and stops of one stream accepted in a throttle window.";
        subject_starts: u32 = 200, "200",
            "Starts of one subject accepted in a throttle window.";
        #[serde(deserialize_with = "read_duration")]
        throttle_window: Duration = secs(60), "\"60s\"",
            "Length of the throttle windows of streams and subjects, in whole seconds.";
        strict_standard_metadata: bool = false, "false",
            "Refuse starts whose required `type`, `contentType`, `mobileDevice` or `hba` has no standard value.";
        prefix_policy_names: bool = false, "false",
            "Show viewers a denying policy as `owner/name` instead of `name`.";
        termination_message: String = TERMINATION_MESSAGE.into(), "\"This session was terminated by a remote session\"",
            "Shown to viewers whose stream another one replaced.";
        challenge: bool = true, "true",
            "Send `WWW-Authenticate` with 401; browsers then ask their users for a password.";
        allowed_origins: Vec<String> = vec!["*".into()], "[\"*\"]",
            "Web origins that may call: `*` for all, or a list of origins such as `https://tv.example`.";
    }
    /// What happened.
    reports: Reports {
        zone: String = "-08:00".into(), "\"-08:00\"",
            "Time zone of reports: a fixed offset, or an IANA name such as `America/Los_Angeles`.";
        minute: bool = false, "false",
            "Offer stream reports by the minute.";
        retention_months: u32 = 25, "25",
            "Months for which events are kept.";
        esm_host: Option<String> = None, "",
            "Host name on which entitlement reports have no `/esm`: `/v3/year` is `/esm/v3/year` there.";
        cmu_host: Option<String> = None, "",
            "Host name on which stream reports have no `/cmu`: `/v2/tenant` is `/cmu/v2/tenant` there.";
    }
    /// How decisions came about, for `usher explain`.
    explain: Explain {
        enabled: bool = true, "true",
            "Keep how decisions came about.";
        #[serde(deserialize_with = "read_duration")]
        retention: Duration = secs(259_200), "\"3d\"",
            "Time for which that is kept, as far as the space allows.";
        space_mib: u32 = 256, "256",
            "Space for it on disk, in MiB.";
    }
    /// What the process says about itself.
    log: Log {
        filter: String = "info".into(), "\"info\"",
            "Which log lines to write, as a `tracing` filter.";
        json: bool = false, "false",
            "Write log lines as JSON.";
    }
}

/// The two forms of media tokens (`pass-rest-v2` §16; contracts README, clarification 22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaTokenFormat {
    /// The documented form: base64 of a signature and an XML element.
    Xml,
    /// A compact JWS for new players.
    Jws,
}

/// Whose `X-Forwarded-For` is believed (`errors` TH-2).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustForwardedFor {
    /// Everybody's, as the documented service does.
    Always,
    /// Nobody's.
    Never,
    /// That of peers in these networks, in CIDR notation.
    #[serde(untagged)]
    Peers(Vec<String>),
}
