//! What a verified assertion means for us (`mvpd` §5.5 "profile creation", §5.6).

use serde_json::Value;
use usher_entitle::{Upstream, VerifiedIdentity};
use usher_registry::{ChosenEndpoints, SamlEndpoint};
use usher_saml::VerifiedAssertion;

use crate::claims;
use crate::credentials::{Credentials, SamlCredentials};

/// The viewer of `assertion`, who signed in at `endpoint` for our entity `sp_issuer`.
pub(super) fn of(
    assertion: VerifiedAssertion,
    endpoint: &SamlEndpoint,
    endpoints: ChosenEndpoints,
    sp_issuer: String,
) -> VerifiedIdentity {
    let find = |name: &str| attribute(&assertion, name);
    let attributes = claims::attributes(&endpoint.attributes, find);
    let home_based = claims::home_based(find(claims::HBA_STATUS).as_ref());
    let token = endpoint.subject_token_attribute.as_deref();
    let token = token.and_then(|name| assertion.attributes.get(name)?.first().cloned());
    let upstream = Upstream {
        endpoint: endpoints.authn.clone(),
        subject: assertion.name_id.as_ref().map(|name_id| name_id.value.clone()),
        session_index: assertion.session_index.clone(),
    };
    let credentials = Credentials::Saml2(SamlCredentials {
        endpoints,
        issuer: assertion.issuer,
        sp_issuer,
        name_id: assertion.name_id.map(Into::into),
        session_index: assertion.session_index,
        subject_token: token,
    });
    VerifiedIdentity {
        user_id: assertion.user_id,
        attributes,
        home_based,
        credentials: credentials.seal(),
        upstream,
        not_after: assertion.session_not_on_or_after,
        proof_not_after: assertion.conditions_not_on_or_after,
    }
}

/// The values of an attribute as a claim would have them.
fn attribute(assertion: &VerifiedAssertion, name: &str) -> Option<Value> {
    match assertion.attributes.get(name)?.as_slice() {
        [] => None,
        [only] => Some(only.as_str().into()),
        several => Some(several.iter().map(String::as_str).collect()),
    }
}
