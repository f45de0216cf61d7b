//! Where viewers may be sent back to.
//!
//! An application may name any URL of its channel's domains, or a custom scheme registered for it;
//! everything else would make usher an open redirector.

use std::fmt;

use url::{Host, Url};
use usher_registry::{MediaCompany, ServiceProvider};

/// The longest accepted redirect URL, in bytes.
const BYTES_MAX: usize = 2_048;

/// A URL that was checked against its channel; kept exactly as the application wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUrl(String);

impl RedirectUrl {
    /// The URL as a store kept it; only checked ones get there.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// `text`, if `channel` (of `company`) may send viewers there.
    pub fn check(
        text: &str,
        channel: &ServiceProvider,
        company: Option<&MediaCompany>,
    ) -> Option<Self> {
        // Printable ASCII only: the text goes into a header and into the address bar as it is.
        // Backslashes are slashes to some browsers.
        let plain = text.len() <= BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let url = plain.then(|| Url::parse(text).ok())??;
        permitted(&url, channel, company).then(|| Self(text.to_owned()))
    }

    /// The URL as the application wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedirectUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn permitted(url: &Url, channel: &ServiceProvider, company: Option<&MediaCompany>) -> bool {
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.scheme() {
        "http" | "https" => host_of(url).is_some_and(|host| covers(channel, &host)),
        scheme => channel
            .custom_schemes
            .iter()
            .chain(company.iter().flat_map(|company| &company.custom_schemes))
            .any(|registered| registered.eq_ignore_ascii_case(scheme)),
    }
}

fn host_of(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// `name` as a domain of `channel`; nothing when it is not one of its domains.
pub(crate) fn domain_of(name: &str, channel: &ServiceProvider) -> Option<String> {
    covers(channel, name).then(|| name.to_owned())
}

fn covers(channel: &ServiceProvider, host: &str) -> bool {
    channel.domains.iter().any(|domain| domain.covers(host))
}

#[cfg(test)]
mod tests {
    use usher_registry::Domain;

    use super::*;

    fn channel() -> ServiceProvider {
        ServiceProvider {
            id: "REF30".into(),
            name: "Acme One".into(),
            media_company: "acme".into(),
            domains: ["acme.example", "127.0.0.1"]
                .map(|name| Domain { name: name.into(), mvpd_initiated: false })
                .into(),
            custom_schemes: vec!["adbe.acmedemo0000000000001".into()],
            default_redirect_url: None,
            metadata_certificates: vec![],
            metadata_encryption: None,
        }
    }

    fn permits(text: &str) -> bool {
        RedirectUrl::check(text, &channel(), None).is_some()
    }

    #[test]
    fn a_channel_may_send_viewers_to_its_own_places() {
        for own in [
            "https://acme.example/done?x=1#y",
            "http://www.acme.example",
            "http://127.0.0.1:8080/demo/done",
            "adbe.acmedemo0000000000001://ios-app.com",
        ] {
            assert!(permits(own), "{own}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for foreign in [
            "https://evil.example/",
            "https://notacme.example/",
            "https://acme.example.evil.example/",
            "https://acme.example@evil.example/",
            "https://evil.example\\@acme.example/",
            "https://user:pass@acme.example/",
            "//acme.example/",
            "/done",
            "acme.example/done",
            "javascript:alert(1)",
            "data:text/html,x",
            "other.scheme://ios-app.com",
            "https://acme.example/\r\nSet-Cookie: x",
            "https://acme.example/ x",
            "",
        ] {
            assert!(!permits(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_url_is_kept_as_it_was_written() {
        let written = "https://ACME.example/a/../b";
        let kept = RedirectUrl::check(written, &channel(), None);
        assert_eq!(kept.as_ref().map(RedirectUrl::as_str), Some(written));
    }
}
