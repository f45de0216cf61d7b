//! A provider's own description, written as an entry of the catalog (`usher mvpd import`).
//!
//! The entry is for a person to read, compare and put into the catalog: what a provider publishes is
//! trusted by nobody until somebody has pinned it.

use std::fmt::Write as _;

use usher_core::Timestamp;
use usher_registry::Catalog;
use usher_saml::metadata::{MetadataError, ProviderMetadata};

use crate::check::{Discovery, day};

/// Where a description came from, and what shall become of it.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The id the provider shall have.
    pub id: &'a str,
    /// The description.
    pub document: &'a str,
    /// Where it is published, if it came from there.
    pub url: Option<&'a str>,
    /// Which of several providers in one document is meant.
    pub entity_id: Option<&'a str>,
}

/// Why a description cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Neither of the two kinds.
    #[error("this is neither SAML metadata (XML) nor an OpenID configuration (JSON)")]
    Unknown,
    /// SAML metadata that cannot be used.
    #[error("the SAML metadata cannot be used: {0}")]
    Metadata(#[from] MetadataError),
    /// An address that is needed is missing.
    #[error("the description lacks `{0}`")]
    Lacks(&'static str),
    /// The entry would be no part of a catalog.
    #[error("no entry can be made of it: an id, a name or an address in it is malformed")]
    Malformed,
}

impl Import<'_> {
    /// The entry, in TOML.
    pub fn entry(&self, now: Timestamp) -> Result<String, ImportError> {
        let text = self.document.trim_start_matches('\u{FEFF}').trim_start();
        let entry = match text.chars().next() {
            Some('<') => self.saml(&ProviderMetadata::read(text, self.entity_id, now)?)?,
            Some('{') => self.openid(&Discovery::read(text).ok_or(ImportError::Unknown)?)?,
            Some(_) | None => return Err(ImportError::Unknown),
        };
        // What others wrote stands in it: it has to read back as what it was meant to be.
        let read = Catalog::from_toml(&entry).map_err(|_| ImportError::Malformed)?;
        let [mvpd] = read.mvpds.as_slice() else { return Err(ImportError::Malformed) };
        if mvpd.id.as_str() == self.id { Ok(entry) } else { Err(ImportError::Malformed) }
    }

    fn saml(&self, metadata: &ProviderMetadata) -> Result<String, ImportError> {
        let (sso, binding) = match (&metadata.sign_in.redirect, &metadata.sign_in.post) {
            (Some(url), _) => (url, "redirect"),
            (None, Some(url)) => (url, "post"),
            (None, None) => return Err(ImportError::Lacks("SingleSignOnService")),
        };
        let mut out = self.head();
        line(&mut out, "\n[mvpds.authn]");
        line(&mut out, "protocol = \"saml2\"");
        pair(&mut out, "entity_id", &metadata.entity_id);
        pair(&mut out, "sso_url", sso);
        pair(&mut out, "sso_binding", binding);
        if let Some(url) = self.url {
            pair(&mut out, "metadata_url", url);
        }
        line(
            &mut out,
            "# Compare these fingerprints with what the provider tells you by another way.",
        );
        for certificate in &metadata.signing {
            let (print, end) = (certificate.fingerprint(), day(certificate.not_after()));
            line(&mut out, &format!("# SHA-256 {print}, until {end}"));
        }
        line(&mut out, "certificates = [");
        for certificate in &metadata.signing {
            line(&mut out, &format!("  \"\"\"\n{}\"\"\",", certificate.pem()));
        }
        line(&mut out, "]");
        line(
            &mut out,
            "# What its attributes are called here, such as: attributes = { zip = \"zip\" }",
        );
        if let Some(url) = &metadata.logout.redirect {
            line(&mut out, "\n[mvpds.logout]");
            line(&mut out, "mode = \"saml_slo\"");
            pair(&mut out, "url", url);
        }
        Ok(out)
    }

    fn openid(&self, discovery: &Discovery) -> Result<String, ImportError> {
        let needed = |value: &Option<String>, name| value.clone().ok_or(ImportError::Lacks(name));
        let mut out = self.head();
        line(&mut out, "\n[mvpds.authn]");
        line(&mut out, "protocol = \"oauth2\"");
        pair(&mut out, "issuer", &needed(&discovery.issuer, "issuer")?);
        let authorization = &discovery.authorization_endpoint;
        pair(&mut out, "authorization_url", &needed(authorization, "authorization_endpoint")?);
        pair(&mut out, "token_url", &needed(&discovery.token_endpoint, "token_endpoint")?);
        for (name, value) in [
            ("userinfo_url", &discovery.userinfo_endpoint),
            ("jwks_url", &discovery.jwks_uri),
            ("revocation_url", &discovery.revocation_endpoint),
        ] {
            if let Some(value) = value {
                pair(&mut out, name, value);
            }
        }
        line(&mut out, "# How long its refresh tokens last, such as: refresh_ttl = \"30d\"");
        line(&mut out, "# What its claims are called here, such as: claims = { zip = \"zip\" }");
        if let Some(url) = &discovery.end_session_endpoint {
            line(&mut out, "\n[mvpds.logout]");
            line(&mut out, "mode = \"redirect\"");
            pair(&mut out, "url", url);
            pair(&mut out, "return_parameter", "post_logout_redirect_uri");
            pair(&mut out, "state", "beside");
        }
        Ok(out)
    }

    fn head(&self) -> String {
        let mut out = String::new();
        line(&mut out, "[[mvpds]]");
        pair(&mut out, "id", self.id);
        pair(&mut out, "display_name", self.id);
        line(&mut out, "# 112 x 33 pixels");
        pair(&mut out, "logo_url", "https://example.invalid/logo.png");
        out
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn pair(out: &mut String, name: &str, value: &str) {
    line(out, &format!("{name} = {}", toml_text(value)));
}

/// `text` as a basic string of TOML.
fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use usher_registry::{AuthnProtocol, LogoutMode};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_631_371);

    fn import(document: &str) -> Result<String, ImportError> {
        let url = Some("https://op.example/description");
        Import { id: "Op", document, url, entity_id: None }.entry(NOW)
    }

    #[test]
    fn saml_metadata_become_an_entry_with_pinned_certificates() {
        let key = usher_jose::EcKey::generate().unwrap();
        let years = (NOW, NOW + std::time::Duration::from_hours(24 * 365));
        let certificate = usher_jose::Certificate::self_signed(&key, "op", years).unwrap();
        let document = usher_saml::idp::IdpMetadata {
            entity_id: "urn:op\"}]\nx",
            sign_in_url: "https://op.example/sso",
            logout_url: Some("https://op.example/slo"),
            signing: std::slice::from_ref(&certificate),
            valid_until: None,
        }
        .document();
        let entry = import(&document).unwrap();
        assert!(entry.contains(&certificate.fingerprint()), "{entry}");
        let catalog = Catalog::from_toml(&entry).unwrap();
        let mvpd = catalog.mvpds.first().unwrap();
        let AuthnProtocol::Saml2(saml) = &mvpd.authn.iter().next().unwrap().protocol else {
            panic!("another protocol")
        };
        assert_eq!(saml.entity_id, "urn:op\"}]\nx");
        assert_eq!(saml.sso_url.as_str(), "https://op.example/sso");
        assert_eq!(saml.metadata_url.as_ref().unwrap().as_str(), "https://op.example/description");
        assert_eq!(
            saml.certificates.iter().map(|it| it.trim()).collect::<Vec<_>>(),
            [certificate.pem().trim()]
        );
        let logout = &mvpd.logout.iter().next().unwrap().protocol;
        assert!(matches!(logout, LogoutMode::SamlSlo(it) if it.url.path() == "/slo"));
    }

    #[test]
    fn an_openid_configuration_becomes_an_entry() {
        let entry = import(
            r#"{ "issuer": "https://op.example", "jwks_uri": "https://op.example/jwks",
                "authorization_endpoint": "https://op.example/auth",
                "token_endpoint": "https://op.example/token",
                "end_session_endpoint": "https://op.example/end", "unknown": [1] }"#,
        );
        let catalog = Catalog::from_toml(&entry.unwrap()).unwrap();
        let mvpd = catalog.mvpds.first().unwrap();
        let AuthnProtocol::Oauth2(oauth) = &mvpd.authn.iter().next().unwrap().protocol else {
            panic!("another protocol")
        };
        assert_eq!(oauth.issuer, "https://op.example");
        assert_eq!(oauth.jwks_url.as_ref().unwrap().path(), "/jwks");
        assert!(matches!(
            mvpd.logout.iter().next().unwrap().protocol,
            LogoutMode::Redirect(ref logout) if logout.return_parameter == "post_logout_redirect_uri"
        ));
    }

    #[test]
    fn what_is_no_description_is_refused_in_words() {
        for (document, error) in [
            ("", ImportError::Unknown),
            ("hello", ImportError::Unknown),
            ("{}", ImportError::Unknown),
            ("<x/>", ImportError::Metadata(MetadataError::NoProvider)),
            (r#"{ "issuer": "https://op.example" }"#, ImportError::Lacks("authorization_endpoint")),
            (
                r#"{ "issuer": "x", "authorization_endpoint": "no URL", "token_endpoint": "y" }"#,
                ImportError::Malformed,
            ),
        ] {
            assert_eq!(import(document), Err(error), "{document}");
        }
    }
}
