//! The provider's side: what the built-in demo provider speaks, and what tests make answers with.
//!
//! The same message shapes as everywhere else, from the other end: requests are read and verified, answers
//! are signed and, if wanted, encrypted. Nothing here is used to judge a real provider's answer.

mod authz;
mod metadata;
mod request;
mod response;

pub use authz::{
    AuthzQuery, AuthzResponse, Grant, Verdict, plain_response, read_plain_query, read_query,
};
pub use metadata::IdpMetadata;
pub use request::{
    AuthnRequestView, RequestRejection, read_posted_request, read_redirected_request,
};
pub use response::{ResponseToSign, SignParts, failure};

use crate::xml::Element;

/// `samlp:Status` with a status code and perhaps one inside it.
fn status(code: &str, detail: Option<&str>) -> Element {
    let inner = detail.map(|detail| Element::new("samlp:StatusCode").attr("Value", detail));
    let code = Element::new("samlp:StatusCode").attr("Value", code).children(inner);
    Element::new("samlp:Status").child(&code)
}
