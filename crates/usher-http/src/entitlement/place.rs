//! From a raw path to the operation it names.

use axum::http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;

/// What all paths of the API begin with.
const BASE: &str = "/api/v2";

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Configuration,
    Sessions,
    Session,
    Profiles,
    Profile,
    ProfileByCode,
    Preauthorize,
    Authorize,
    /// The same at the path that both published cookbooks print.
    AuthorizeInCookbooks,
    Logout,
    FrameworkSession,
    FrameworkProfile,
}

/// An endpoint, with the names in its path as sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    pub(super) endpoint: Endpoint,
    channel: &'p str,
    /// The provider, code or partner that the endpoint is about; empty where it is about the channel.
    about: &'p str,
}

/// The names in a path, decoded.
pub(super) struct Names {
    pub(super) channel: String,
    pub(super) about: String,
}

/// Whether a request for `path` is for this API: what lies below its base, but the pages of browsers.
pub(super) fn is_below_base(path: &str) -> bool {
    let Some(below) = path.strip_prefix(BASE) else { return false };
    let Some(inner) = below.strip_prefix('/') else { return below.is_empty() };
    match segments(inner) {
        [Some("authenticate"), Some(channel), Some(code), None, _] => {
            channel.is_empty() || code.is_empty()
        }
        _ => true,
    }
}

/// The first five segments of a path below the base. A slash at the end changes nothing.
fn segments(inner: &str) -> [Option<&str>; 5] {
    let mut segments = inner.strip_suffix('/').unwrap_or(inner).split('/');
    std::array::from_fn(|_| segments.next())
}

impl<'p> Place<'p> {
    /// The endpoint at `path`, with or without a slash at the end.
    pub(super) fn find(path: &'p str) -> Option<Self> {
        let inner = path.strip_prefix(BASE)?.strip_prefix('/')?;
        let [channel, rest @ ..] = segments(inner);
        let (endpoint, about) = match rest {
            [Some("configuration"), None, ..] => (Endpoint::Configuration, ""),
            [Some("sessions"), None, ..] => (Endpoint::Sessions, ""),
            [Some("profiles"), None, ..] => (Endpoint::Profiles, ""),
            [Some("sessions"), Some(code), None, _] => (Endpoint::Session, code),
            [Some("profiles"), Some(mvpd), None, _] => (Endpoint::Profile, mvpd),
            [Some("logout"), Some(mvpd), None, _] => (Endpoint::Logout, mvpd),
            [Some("profiles"), Some("code"), Some(code), None] => (Endpoint::ProfileByCode, code),
            [Some("sessions"), Some("sso"), Some(partner), None] => {
                (Endpoint::FrameworkSession, partner)
            }
            [Some("profiles"), Some("sso"), Some(partner), None] => {
                (Endpoint::FrameworkProfile, partner)
            }
            [Some("decisions"), Some("preauthorize"), Some(mvpd), None] => {
                (Endpoint::Preauthorize, mvpd)
            }
            [Some("decisions"), Some("authorize"), Some(mvpd), None] => (Endpoint::Authorize, mvpd),
            [Some("decision"), Some("authorize"), Some(mvpd), None] => {
                (Endpoint::AuthorizeInCookbooks, mvpd)
            }
            _ => return None,
        };
        let is_blank = channel == Some("") || rest.contains(&Some(""));
        if is_blank { None } else { Some(Self { endpoint, channel: channel?, about }) }
    }

    /// The names, unless one is not UTF-8.
    pub(super) fn names(&self) -> Option<Names> {
        Some(Names { channel: decode(self.channel)?, about: decode(self.about)? })
    }
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

impl Endpoint {
    /// The route, as the log and `/openapi.json` call it.
    pub(super) const fn route(self) -> &'static str {
        match self {
            Self::Configuration => "/api/v2/{sp}/configuration",
            Self::Sessions => "/api/v2/{sp}/sessions",
            Self::Session => "/api/v2/{sp}/sessions/{code}",
            Self::Profiles => "/api/v2/{sp}/profiles",
            Self::Profile => "/api/v2/{sp}/profiles/{mvpd}",
            Self::ProfileByCode => "/api/v2/{sp}/profiles/code/{code}",
            Self::Preauthorize => "/api/v2/{sp}/decisions/preauthorize/{mvpd}",
            Self::Authorize => "/api/v2/{sp}/decisions/authorize/{mvpd}",
            Self::AuthorizeInCookbooks => "/api/v2/{sp}/decision/authorize/{mvpd}",
            Self::Logout => "/api/v2/{sp}/logout/{mvpd}",
            Self::FrameworkSession => "/api/v2/{sp}/sessions/sso/{partner}",
            Self::FrameworkProfile => "/api/v2/{sp}/profiles/sso/{partner}",
        }
    }

    /// Whether it can be read.
    const fn reads(self) -> bool {
        match self {
            Self::Configuration
            | Self::Session
            | Self::Profiles
            | Self::Profile
            | Self::ProfileByCode
            | Self::Logout => true,
            Self::Sessions
            | Self::Preauthorize
            | Self::Authorize
            | Self::AuthorizeInCookbooks
            | Self::FrameworkSession
            | Self::FrameworkProfile => false,
        }
    }

    /// Whether something can be sent to it.
    const fn takes(self) -> bool {
        !self.reads() || matches!(self, Self::Session)
    }

    pub(super) fn allows(self, method: &Method) -> bool {
        match *method {
            Method::GET | Method::HEAD => self.reads(),
            Method::POST => self.takes(),
            _ => false,
        }
    }

    /// The `Allow` header.
    pub(super) const fn allow(self) -> HeaderValue {
        HeaderValue::from_static(match (self.reads(), self.takes()) {
            (true, true) => "GET,HEAD,POST",
            (true, false) => "GET,HEAD",
            (false, _) => "POST",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<(Endpoint, &str, &str)> {
        Place::find(path).map(|it| (it.endpoint, it.channel, it.about))
    }

    #[test]
    fn operations_are_found_with_and_without_a_slash_at_the_end() {
        let operations = [
            ("/api/v2/A/configuration", Endpoint::Configuration, ""),
            ("/api/v2/A/sessions", Endpoint::Sessions, ""),
            ("/api/v2/A/sessions/C0DE", Endpoint::Session, "C0DE"),
            ("/api/v2/A/profiles", Endpoint::Profiles, ""),
            ("/api/v2/A/profiles/m", Endpoint::Profile, "m"),
            ("/api/v2/A/profiles/code/C0DE", Endpoint::ProfileByCode, "C0DE"),
            ("/api/v2/A/decisions/preauthorize/m", Endpoint::Preauthorize, "m"),
            ("/api/v2/A/decisions/authorize/m", Endpoint::Authorize, "m"),
            ("/api/v2/A/decision/authorize/m", Endpoint::AuthorizeInCookbooks, "m"),
            ("/api/v2/A/logout/m", Endpoint::Logout, "m"),
            ("/api/v2/A/sessions/sso/p", Endpoint::FrameworkSession, "p"),
            ("/api/v2/A/profiles/sso/p", Endpoint::FrameworkProfile, "p"),
        ];
        for (path, endpoint, about) in operations {
            assert_eq!(found(path), Some((endpoint, "A", about)));
            assert_eq!(found(&format!("{path}/")), Some((endpoint, "A", about)));
        }
    }

    #[test]
    fn nothing_else_is_found() {
        for path in [
            "/api/v2",
            "/api/v2/",
            "/api/v2/A",
            "/api/v2//profiles",
            "/api/v2/A/profiles//",
            "/api/v2/A/profiles/sso/",
            "/api/v2/A/profiles/sso//",
            "/api/v2/A/logout",
            "/api/v2/A/decision/preauthorize/m",
            "/api/v2/A/decisions/authorize/m/more",
            "/api/v2/A/configuration/m",
            "/api/v2A/profiles",
        ] {
            let expected =
                (path == "/api/v2/A/profiles/sso/").then_some((Endpoint::Profile, "A", "sso"));
            assert_eq!(found(path), expected, "{path}");
        }
    }

    #[test]
    fn pages_of_browsers_are_somewhere_else() {
        for path in
            ["/api/v2/authenticate/A/C0DE", "/api/v2/authenticate/A/C0DE/", "/api/v2x", "/api"]
        {
            assert!(!is_below_base(path), "{path}");
        }
        for path in
            ["/api/v2", "/api/v2/", "/api/v2/authenticate/A", "/api/v2/authenticate/A/C/more"]
        {
            assert!(is_below_base(path), "{path}");
        }
    }

    #[test]
    fn names_are_decoded_once() {
        let names =
            Place::find("/api/v2/A%2520/profiles/%C3%A9").and_then(|it| it.names()).unwrap();
        assert_eq!((names.channel.as_str(), names.about.as_str()), ("A%20", "é"));
        assert!(Place::find("/api/v2/A/profiles/%FF").unwrap().names().is_none());
    }
}
