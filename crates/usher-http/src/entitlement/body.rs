//! Request bodies: small, read whole, parsed without regard to the declared media type.

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use serde::Deserialize;
use usher_entitle::GivenParameters;

use super::codes;
use super::problem::Problem;

/// The largest body that is read, in bytes. Fifty MRSS documents fit.
const BYTES_MAX: usize = 64 * 1024;

/// The largest SAML response that is read, in bytes of the form it stands in.
const SAML_BYTES_MAX: usize = 256 * 1024;

async fn read(body: Body) -> Option<Bytes> {
    to_bytes(body, BYTES_MAX).await.ok()
}

/// The session parameters in a form. Of a parameter given twice the first counts.
///
/// A form that is too long cannot be so because of anything but its redirect URL.
pub(super) async fn session_parameters(body: Body) -> Result<GivenParameters, Problem> {
    let form = read(body).await.ok_or(&codes::INVALID_REDIRECT_URL)?;
    Ok(given(&form))
}

/// The session parameters in this text.
pub(crate) fn given(form: &[u8]) -> GivenParameters {
    let mut given = GivenParameters::default();
    for (name, value) in form_urlencoded::parse(form) {
        let parameter = match &*name {
            "mvpd" => &mut given.mvpd,
            // The shorter name is that of some published samples.
            "domainName" | "domain" => &mut given.domain_name,
            "redirectUrl" => &mut given.redirect_url,
            _ => continue,
        };
        parameter.get_or_insert_with(|| value.into_owned());
    }
    given
}

/// The SAML response in a form; empty when there is none.
pub(super) async fn saml_response(body: Body) -> Result<String, Problem> {
    let form = to_bytes(body, SAML_BYTES_MAX).await.map_err(|_| &codes::INVALID_SAML_RESPONSE)?;
    let mut fields = form_urlencoded::parse(&form);
    let response = fields.find(|(name, _)| name == "SAMLResponse");
    Ok(response.map(|(_, value)| value.trim().to_owned()).unwrap_or_default())
}

#[derive(Deserialize)]
struct Ask {
    resources: Vec<String>,
}

/// The resources in a JSON body: one or more, none of them empty.
pub(super) async fn resources(body: Body) -> Result<Vec<String>, Problem> {
    let json = read(body).await.ok_or(&codes::INVALID_RESOURCES)?;
    asked(&json).ok_or(Problem::from(&codes::INVALID_RESOURCES))
}

/// The resources in this document.
pub(crate) fn asked(json: &[u8]) -> Option<Vec<String>> {
    let Ask { resources } = serde_json::from_slice(json).ok()?;
    let sound = !resources.is_empty() && resources.iter().all(|it| !it.trim().is_empty());
    sound.then_some(resources)
}
