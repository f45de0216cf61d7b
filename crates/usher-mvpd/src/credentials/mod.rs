//! What a sign-in leaves for later calls, as the entitlement service keeps it: opaque and sealed.
//!
//! Every profile has them, so they are kept in few bytes: in binary form, with the number of the form before
//! it. Earlier versions kept JSON, which is still read.

mod token;

use serde::{Deserialize, Serialize};
use usher_core::{Secret, Timestamp};
use usher_registry::ChosenEndpoints;
use usher_saml::NameId;

pub(crate) use self::token::Token;

/// The form that is written. What begins otherwise is JSON.
const FORM: u8 = 1;

/// Credentials of one profile. The tag says how they came to be, because a profile stays with its
/// protocol when the integration moves to another (`mvpd` §6.6). In the binary form the order counts,
/// here and in what follows: new members make a new form.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Credentials {
    /// From an OAuth 2.0 or OpenID Connect sign-in.
    Oauth2(OAuthCredentials),
    /// From a SAML 2.0 sign-in.
    Saml2(SamlCredentials),
}

/// Credentials as the JSON of earlier versions has them.
#[derive(Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
enum Former {
    Oauth2(OAuthCredentials),
    Saml2(SamlCredentials),
}

/// Tokens of the provider.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct OAuthCredentials {
    /// The endpoints that were in use at the sign-in (`mvpd` M2).
    #[serde(default, with = "endpoints")]
    pub(crate) endpoints: ChosenEndpoints,
    /// Where no refresh token gets another; and in what earlier versions kept.
    pub(crate) access_token: Option<Token>,
    /// When the access token ends. Nothing when the provider does not say.
    pub(crate) access_expires_at: Option<Timestamp>,
    pub(crate) refresh_token: Option<Token>,
    /// A hint at logout.
    pub(crate) id_token: Option<Token>,
}

/// What logout and authorization repeat of the assertion.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct SamlCredentials {
    /// The endpoints that were in use at the sign-in (`mvpd` M2).
    #[serde(default, with = "endpoints")]
    pub(crate) endpoints: ChosenEndpoints,
    /// Who made the assertion.
    pub(crate) issuer: String,
    /// Our name in the request.
    pub(crate) sp_issuer: String,
    /// The subject.
    pub(crate) name_id: Option<StoredNameId>,
    /// The provider's session.
    pub(crate) session_index: Option<String>,
    /// What stands for the viewer in authorization queries, where the provider wants that.
    #[serde(default)]
    pub(crate) subject_token: Option<String>,
}

/// A [`NameId`] as it is kept.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredNameId {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

impl StoredNameId {
    /// The identifier itself.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }
}

impl From<Former> for Credentials {
    fn from(former: Former) -> Self {
        match former {
            Former::Oauth2(oauth) => Self::Oauth2(oauth),
            Former::Saml2(saml) => Self::Saml2(saml),
        }
    }
}

impl From<NameId> for StoredNameId {
    fn from(name_id: NameId) -> Self {
        let NameId { value, format, name_qualifier, sp_name_qualifier } = name_id;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

impl From<StoredNameId> for NameId {
    fn from(stored: StoredNameId) -> Self {
        let StoredNameId { value, format, name_qualifier, sp_name_qualifier } = stored;
        Self { value, format, name_qualifier, sp_name_qualifier }
    }
}

impl Credentials {
    /// What to keep; nothing when it cannot be written, which only costs comfort later.
    pub(crate) fn seal(&self) -> Option<Secret<Vec<u8>>> {
        postcard::to_extend(self, vec![FORM]).ok().map(Secret::new)
    }

    /// Reads what [`Self::seal`] wrote, and what earlier versions did.
    pub(crate) fn open(kept: &Secret<Vec<u8>>) -> Option<Self> {
        match kept.expose().split_first() {
            Some((&FORM, form)) => postcard::from_bytes(form).ok(),
            Some(_) | None => serde_json::from_slice::<Former>(kept.expose()).ok().map(Into::into),
        }
    }

    /// The endpoints that were in use at the sign-in.
    pub(crate) const fn endpoints(&self) -> &ChosenEndpoints {
        match self {
            Self::Oauth2(oauth) => &oauth.endpoints,
            Self::Saml2(saml) => &saml.endpoints,
        }
    }
}

/// [`ChosenEndpoints`] leave out what is not chosen, which the binary form cannot.
mod endpoints {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use usher_registry::ChosenEndpoints;

    pub(super) fn serialize<S: Serializer>(
        chosen: &ChosenEndpoints,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        (&chosen.authn, &chosen.authz, &chosen.logout).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<ChosenEndpoints, D::Error> {
        if from.is_human_readable() {
            return ChosenEndpoints::deserialize(from);
        }
        let chosen = <(_, _, _)>::deserialize(from)?;
        Ok(ChosenEndpoints { authn: chosen.0, authz: chosen.1, logout: chosen.2 })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_jose::base64url;

    use super::*;

    fn reopened(credentials: &Credentials) -> Credentials {
        Credentials::open(&credentials.seal().unwrap()).unwrap()
    }

    fn former(json: &serde_json::Value) -> Credentials {
        Credentials::open(&Secret::new(json.to_string().into_bytes())).unwrap()
    }

    fn text(token: Option<&Token>) -> &str {
        token.unwrap().as_str()
    }

    #[test]
    fn tokens_kept_by_earlier_versions_open_and_stay_when_they_are_kept_anew() {
        let jwt = [base64url("{}"), base64url("{}"), base64url([7; 64])].join(".");
        let old = former(&json!({
            "protocol": "oauth2", "endpoints": {"authn": "oidc"}, "access_token": "a b",
            "access_expires_at": 1_795_696_157_000_i64, "refresh_token": "refresh", "id_token": jwt,
        }));
        for credentials in [reopened(&old), old] {
            let Credentials::Oauth2(oauth) = credentials else { panic!("another protocol") };
            assert_eq!(oauth.endpoints.authn.as_deref(), Some("oidc"));
            assert_eq!(oauth.endpoints.logout, None);
            assert_eq!(text(oauth.access_token.as_ref()), "a b");
            assert_eq!(oauth.access_expires_at, Some(Timestamp::from_secs(1_795_696_157)));
            assert_eq!(text(oauth.refresh_token.as_ref()), "refresh");
            assert_eq!(text(oauth.id_token.as_ref()), jwt);
        }
    }

    #[test]
    fn subjects_kept_by_earlier_versions_open_and_stay_when_they_are_kept_anew() {
        let old = former(&json!({
            "protocol": "saml2", "endpoints": {"authn": "saml2", "logout": "slo"},
            "issuer": "https://idp.example", "sp_issuer": "https://usher.example",
            "name_id": {
                "value": "u-7", "format": "persistent", "name_qualifier": null,
                "sp_name_qualifier": "https://usher.example",
            },
            "session_index": "_1",
        }));
        for credentials in [reopened(&old), old] {
            let Credentials::Saml2(saml) = credentials else { panic!("another protocol") };
            assert_eq!(saml.endpoints.logout.as_deref(), Some("slo"));
            assert_eq!(
                (&*saml.issuer, &*saml.sp_issuer),
                ("https://idp.example", "https://usher.example")
            );
            let name_id = NameId::from(saml.name_id.unwrap());
            assert_eq!((&*name_id.value, name_id.format.as_deref()), ("u-7", Some("persistent")));
            assert_eq!(name_id.sp_name_qualifier.as_deref(), Some("https://usher.example"));
            assert_eq!((name_id.name_qualifier, saml.subject_token), (None, None));
            assert_eq!(saml.session_index.as_deref(), Some("_1"));
        }
    }

    #[test]
    fn what_is_on_disk_stays_readable() {
        // Fails when the form changes.
        let oauth =
            b"\x01\x00\x01\x04oidc\x00\x00\x00\x00\x01\x00\x03a b\x01\x01\x02\x02{}\x01\x07";
        let Some(Credentials::Oauth2(oauth)) = Credentials::open(&Secret::new(oauth.to_vec()))
        else {
            panic!("another protocol, or none")
        };
        assert_eq!(oauth.endpoints.authn.as_deref(), Some("oidc"));
        assert_eq!(text(oauth.refresh_token.as_ref()), "a b");
        assert_eq!(text(oauth.id_token.as_ref()), "e30.Bw");

        let saml = b"\x01\x01\x00\x00\x01\x03slo\x01i\x02sp\x01\x01v\x00\x00\x00\x01\x02_1\x00";
        let Some(Credentials::Saml2(saml)) = Credentials::open(&Secret::new(saml.to_vec())) else {
            panic!("another protocol, or none")
        };
        assert_eq!(saml.endpoints.logout.as_deref(), Some("slo"));
        assert_eq!((&*saml.issuer, &*saml.sp_issuer), ("i", "sp"));
        assert_eq!(saml.name_id.unwrap().value(), "v");
        assert_eq!(saml.session_index.as_deref(), Some("_1"));
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for kept in [&b""[..], &[FORM], &[FORM, 2, 0], &[2, 0, 0], b"{}", b"null"] {
            assert!(Credentials::open(&Secret::new(kept.to_vec())).is_none(), "{kept:?}");
        }
    }
}
