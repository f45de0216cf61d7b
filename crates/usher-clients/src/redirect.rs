//! Where a registered application may send users back to (`dcr` §5.3).

use url::Url;
use usher_registry::{Domain, RegisteredApplication, Snapshot};

/// Longer redirect URIs than this are refused.
const BYTES_MAX: usize = 2048;

/// The scheme under which the authority is an application's reversed domain name.
const APPLICATION_SCHEME: &str = "adobepass";

/// Whether `application` may send users to `uri`.
///
/// Permitted are web addresses on its domains and their sub-domains, its custom schemes, and the
/// reverse-domain forms `com.example.watch` and `adobepass://com.example`. Its domains are its own or,
/// when it has none, those of its channels. Fragments and embedded credentials are refused.
pub fn permits_redirect(
    snapshot: &Snapshot,
    application: &RegisteredApplication,
    uri: &str,
) -> bool {
    Allowed::of(snapshot, application).permits(uri)
}

/// The custom schemes of `application`: those of its channels and of their company.
pub(crate) fn custom_schemes(
    snapshot: &Snapshot,
    application: &RegisteredApplication,
) -> Vec<String> {
    let mut schemes: Vec<String> = Vec::new();
    for channel in snapshot.channels_of(application) {
        let company = snapshot.media_company(&channel.media_company);
        schemes.extend(company.into_iter().flat_map(|company| company.custom_schemes.clone()));
        schemes.extend(channel.custom_schemes.iter().cloned());
    }
    schemes.sort();
    schemes.dedup();
    schemes
}

struct Allowed {
    domains: Vec<Domain>,
    schemes: Vec<String>,
}

impl Allowed {
    fn of(snapshot: &Snapshot, application: &RegisteredApplication) -> Self {
        let own = application.domains.iter().map(|name| domain(name));
        let mut domains: Vec<_> = own.collect();
        if domains.is_empty() {
            let channels = snapshot.channels_of(application);
            domains = channels.flat_map(|channel| channel.domains.iter().cloned()).collect();
        }
        Self { domains, schemes: custom_schemes(snapshot, application) }
    }

    fn permits(&self, uri: &str) -> bool {
        // Browsers take a backslash for a slash, other readers do not: nothing good comes of one.
        let plain = |character: char| character.is_ascii_graphic() && !"#\\".contains(character);
        if !uri.chars().all(plain) || uri.len() > BYTES_MAX {
            return false;
        }
        let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => self.permits_web(uri),
            APPLICATION_SCHEME => self.covers_reversed(authority(rest)),
            _ => self.has_scheme(scheme) || self.covers_reversed(scheme),
        }
    }

    fn permits_web(&self, uri: &str) -> bool {
        Url::parse(uri).is_ok_and(|url| {
            url.username().is_empty()
                && url.password().is_none()
                && url.host_str().is_some_and(|host| self.covers(host))
        })
    }

    fn has_scheme(&self, scheme: &str) -> bool {
        self.schemes.iter().any(|registered| registered.eq_ignore_ascii_case(scheme))
    }

    fn covers_reversed(&self, name: &str) -> bool {
        let labels: Vec<&str> = name.rsplit('.').collect();
        let is_scheme = name.starts_with(|first: char| first.is_ascii_alphabetic());
        is_scheme && labels.len() > 1 && self.covers(&labels.join("."))
    }

    fn covers(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| domain.covers(host))
    }
}

/// What stands between `//` and the path.
fn authority(rest: &str) -> &str {
    let rest = rest.strip_prefix("//").unwrap_or_default();
    rest.split(['/', '?']).next().unwrap_or_default()
}

fn domain(name: &str) -> Domain {
    Domain { name: name.to_ascii_lowercase(), mvpd_initiated: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Allowed {
        Allowed {
            domains: vec![domain("example.tv"), domain("localhost"), domain("127.0.0.1")],
            schemes: vec!["adbe.Ab-3_5".to_owned()],
        }
    }

    #[test]
    fn registered_places_are_permitted() {
        for uri in [
            "https://example.tv",
            "https://watch.example.tv/back?x=1",
            "https://EXAMPLE.tv:8443/",
            "http://localhost:3000/done",
            "http://127.0.0.1:3000/",
            "adbe.Ab-3_5://signed-in",
            "ADBE.ab-3_5:",
            "tv.example.watch",
            "tv.example://done",
            "adobepass://tv.example",
            "adobepass://tv.example.watch/path",
        ] {
            assert!(allowed().permits(uri), "{uri}");
        }
    }

    #[test]
    fn foreign_and_dangerous_places_are_not() {
        for uri in [
            "",
            "https://",
            "https://evil.test/example.tv",
            "https://notexample.tv/",
            "https://example.tv.evil.test/",
            "https://example.tv@evil.test/",
            "https://user:word@example.tv/",
            "https://example.tv\\@evil.test/",
            "https://example.tv/#token",
            "https://example.tv/ here",
            "https://example.tv/\r\nLocation: x",
            "adbe.other://signed-in",
            "com.example.tv",
            "localhost:3000",
            "javascript://tv.example/%0aalert(1)",
            "data:text/html,x",
            "//example.tv/",
            "/path",
            "adobepass://example.tv",
            "adobepass:tv.example",
            "tv",
        ] {
            assert!(!allowed().permits(uri), "{uri}");
        }
    }

    #[test]
    fn an_endless_uri_is_refused() {
        assert!(!allowed().permits(&format!("https://example.tv/{}", "a".repeat(BYTES_MAX))));
    }
}
