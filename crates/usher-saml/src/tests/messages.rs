//! Requests, logout and metadata: what one side writes the other reads.

use super::*;
use crate::binding::{Parameter, Redirected, from_post_value, post_value};
use crate::idp::{
    AuthnRequestView, IdpMetadata, RequestRejection, read_posted_request, read_redirected_request,
};
use crate::logout::{
    Accepts, Header, LogoutRejection, logout_request_url, logout_response_url, read_logout_request,
    read_logout_response,
};
use crate::metadata::{Endpoints, MetadataError, ProviderMetadata, ServiceProvider};
use crate::{AuthnRequest, Proxied, Scoping, SignatureError, XmlError};

const SSO: &str = "https://idp.cableone.example/sso?tenant=1";
const SLO: &str = "https://sp.tve.example/sp/saml/LogoutServiceHTTPRedirect";

fn request() -> AuthnRequest<'static> {
    AuthnRequest {
        id: REQUEST,
        issue_instant: NOW,
        destination: SSO,
        acs_url: ACS,
        sp_entity_id: SP,
        requestor: "NEWSCH",
        scoping: Scoping::Issuer,
        force_authn: false,
        passive: false,
        name_id_format: PERSISTENT,
        authn_context: None,
        proxied: None,
    }
}

fn query(url: &str) -> String {
    url.rsplit_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()
}

/// What a provider reads in the redirect to it.
fn redirected(request: &AuthnRequest<'_>) -> (AuthnRequestView, Redirected) {
    let url = request.redirect_url(Some("state&1"), &SERVICE.identity).unwrap();
    assert!(url.starts_with("https://idp.cableone.example/sso?tenant=1&SAMLRequest="), "{url}");
    let query = url.split_once('?').unwrap().1;
    let message = Redirected::parse(query, Parameter::Request).unwrap();
    (read_redirected_request(&message, SSO, &SERVICE.trusted()).unwrap(), message)
}

#[test]
fn a_request_has_the_attributes_of_the_contract_and_is_signed() {
    let document = request().signed(&SERVICE.identity).unwrap();
    for part in [
        "Version=\"2.0\"",
        "IssueInstant=\"2031-04-02T09:15:27.000Z\"",
        "ForceAuthn=\"false\"",
        "IsPassive=\"false\"",
        "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
        "AllowCreate=\"true\"",
        "SPNameQualifier=\"https://saml.sp.tve.example\"",
    ] {
        assert!(document.contains(part), "{part}");
    }
    assert!(!document.contains("samlp:Scoping") && !document.contains("RequestedAuthnContext"));
    let view = read_posted_request(&document, SSO, &SERVICE.trusted()).unwrap();
    assert_eq!((view.id.as_str(), view.acs_url.as_deref()), (REQUEST, Some(ACS)));

    let altered = replaced(&document, ACS, "https://evil.example");
    assert_eq!(
        read_posted_request(&altered, SSO, &SERVICE.trusted()),
        Err(RequestRejection::Signature(SignatureError::Invalid))
    );
    assert_eq!(
        read_posted_request(&document, "https://elsewhere.example", &SERVICE.trusted()),
        Err(RequestRejection::Destination)
    );
}

#[test]
fn scoping_names_the_requestor_where_the_provider_looks_for_it() {
    let suffixed = "https://saml.sp.tve.example/on-behalf-of/NEWSCH";
    for (scoping, issuer, requester) in [
        (Scoping::Issuer, suffixed, None),
        (Scoping::RequesterId, SP, Some("NEWSCH")),
        (Scoping::Both, suffixed, Some("NEWSCH")),
        (Scoping::None, SP, None),
    ] {
        let (view, _) = redirected(&AuthnRequest { scoping, ..request() });
        assert_eq!(view.issuer, issuer);
        assert_eq!(view.requester_id.as_deref(), requester);
        assert_eq!(view.sp_name_qualifier.as_deref(), Some(SP));
    }
}

#[test]
fn a_proxied_provider_is_listed_before_the_requester() {
    let proxied = Some(Proxied { name: "Lake Fiber", provider_id: "urn:hub:lake-17" });
    let (view, message) = redirected(&AuthnRequest { proxied, ..request() });
    assert_eq!(view.proxied, Some((Some("Lake Fiber".into()), "urn:hub:lake-17".into())));
    assert_eq!(view.requester_id.as_deref(), Some("NEWSCH"));
    let at = |name: &str| message.xml.find(name).unwrap();
    assert!(at("samlp:IDPList") < at("samlp:RequesterID"));
}

#[test]
fn a_passive_request_says_who_asks_in_an_extension() {
    let (view, message) = redirected(&AuthnRequest { passive: true, ..request() });
    assert!(view.passive);
    assert!(
        message.xml.contains("ext:third-party\">https://saml.sp.tve.example</thrpty:RespondTo>")
    );
}

#[test]
fn the_query_of_a_redirect_is_signed_as_a_whole() {
    let url = request().redirect_url(Some("state&1"), &SERVICE.identity).unwrap();
    let query = url.split_once("tenant=1&").unwrap().1;
    let read = |query: &str| Redirected::parse(query, Parameter::Request);
    let message = read(query).unwrap();
    assert_eq!(message.relay_state.as_deref(), Some("state&1"));
    assert!(!message.xml.contains("ds:Signature"), "the query is signed instead");
    assert_eq!(message.is_signed(&SERVICE.trusted()), Ok(true));
    assert_eq!(message.is_signed(&ATTACKER.trusted()), Err(SignatureError::Invalid));

    let other_state = read(&replaced(query, "state%261", "state%262")).unwrap();
    assert_eq!(other_state.is_signed(&SERVICE.trusted()), Err(SignatureError::Invalid));
    let no_state = read(&replaced(query, "&RelayState=state%261", "")).unwrap();
    assert_eq!(no_state.is_signed(&SERVICE.trusted()), Err(SignatureError::Invalid));
    let weak = read(&replaced(query, "more%23rsa-sha256", "more%23hmac-sha256")).unwrap();
    assert_eq!(weak.is_signed(&SERVICE.trusted()), Err(SignatureError::Algorithm));
    let unsigned = read(query.split_once("&SigAlg").unwrap().0).unwrap();
    assert_eq!(unsigned.is_signed(&SERVICE.trusted()), Ok(false));
    for query in [
        format!("{query}&SAMLRequest=AAAA"),
        query.split_once("&Signature").unwrap().0.to_owned(),
        "SAMLRequest=%FF".into(),
        "RelayState=x".into(),
    ] {
        assert_eq!(read(&query), Err(XmlError::Encoding), "{query:.60}");
    }
}

#[test]
fn a_small_message_does_not_inflate_without_bounds() {
    let huge = " ".repeat(crate::BYTES_MAX + 1);
    let url = crate::binding::redirect_url(SLO, (Parameter::Request, &huge), None, None).unwrap();
    assert!(url.len() < 2_000);
    assert_eq!(Redirected::parse(&query(&url), Parameter::Request), Err(XmlError::TooLong));
    assert_eq!(from_post_value(&"A".repeat(5_000_000)), Err(XmlError::TooLong));
    assert_eq!(from_post_value(&post_value("<a/>")).as_deref(), Ok("<a/>"));
    assert_eq!(from_post_value("PGEv\r\nPg==").as_deref(), Ok("<a/>"));
}

fn header(issuer: &'static str) -> Header<'static> {
    Header { id: "_logout", issue_instant: NOW, destination: SLO, issuer }
}

fn accepts<'a>(trust: &'a TrustedKeys, issuers: &'a [String]) -> Accepts<'a> {
    Accepts { destination: SLO, issuers, trust, require_signature: false }
}

#[test]
fn a_logout_request_repeats_the_name_and_the_session() {
    let name_id = alice();
    let subject = (&name_id, Some("_session"));
    let url = logout_request_url(&header(SP), subject, Some("s"), &SERVICE.identity).unwrap();
    let message = Redirected::parse(&query(&url), Parameter::Request).unwrap();
    assert!(message.xml.contains("Reason=\"urn:oasis:names:tc:SAML:2.0:logout:user\""));
    assert_eq!(message.relay_state.as_deref(), Some("s"));

    let (trust, issuers) = (SERVICE.trusted(), [SP.to_owned()]);
    let read = read_logout_request(&message, &accepts(&trust, &issuers), NOW).unwrap();
    assert_eq!(read.name_id, name_id);
    assert_eq!(read.session_indexes, ["_session"]);

    let others = [IDP.to_owned()];
    let wrong = read_logout_request(&message, &accepts(&trust, &others), NOW);
    assert_eq!(wrong, Err(LogoutRejection::Issuer));
    let elsewhere = Accepts { destination: ACS, ..accepts(&trust, &issuers) };
    assert_eq!(read_logout_request(&message, &elsewhere, NOW), Err(LogoutRejection::Destination));
    let unsigned = query(&url).split_once("&SigAlg").unwrap().0.to_owned();
    let unsigned = Redirected::parse(&unsigned, Parameter::Request).unwrap();
    assert_eq!(
        read_logout_request(&unsigned, &accepts(&trust, &issuers), NOW),
        Err(LogoutRejection::Signature(SignatureError::Missing))
    );
}

#[test]
fn a_logout_response_must_answer_our_request_and_be_signed_where_that_is_required() {
    let url = logout_response_url(&header(IDP), "_ours", None, &PROVIDER.identity).unwrap();
    let message = Redirected::parse(&query(&url), Parameter::Response).unwrap();
    let (trust, issuers) = (PROVIDER.trusted(), [IDP.to_owned()]);
    let accepts = accepts(&trust, &issuers);
    let strict = Accepts { require_signature: true, ..accepts };
    assert_eq!(read_logout_response(&message, &strict, "_ours"), Ok(true));
    assert_eq!(
        read_logout_response(&message, &strict, "_other"),
        Err(LogoutRejection::Unsolicited)
    );
    let unsigned = query(&url).split_once("&SigAlg").unwrap().0.to_owned();
    let unsigned = Redirected::parse(&unsigned, Parameter::Response).unwrap();
    assert_eq!(read_logout_response(&unsigned, &accepts, "_ours"), Ok(true));
    assert_eq!(
        read_logout_response(&unsigned, &strict, "_ours"),
        Err(LogoutRejection::Signature(SignatureError::Missing))
    );
}

#[test]
fn our_metadata_announce_keys_and_addresses() {
    let certificates = [&*SERVICE, &*ATTACKER].map(|party| party.identity.certificate().clone());
    let metadata = ServiceProvider {
        entity_id: SP,
        acs_url: ACS,
        logout_url: SLO,
        logout_response_url: "https://sp.tve.example/sp/saml/LogoutServiceHTTPRedirectResponse",
        signing: &certificates,
        encryption: &certificates[..1],
        valid_until: Some(NOW),
    }
    .metadata();
    let xml = crate::xml::Xml::parse(&metadata).unwrap();
    let root = xml.root().unwrap();
    assert_eq!(root.attribute("entityID"), Some(SP));
    let names: Vec<bool> = root
        .and_below()
        .filter(|node| node.is_called("KeyDescriptor"))
        .map(|node| node.attribute("use") == Some("signing"))
        .collect();
    assert_eq!(names, [true, true, false]);
    assert!(metadata.contains(&format!(
        "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"{ACS}\" index=\"0\" isDefault=\"true\"></md:AssertionConsumerService>"
    )));
    assert_eq!(ProviderMetadata::read(&metadata, None, NOW), Err(MetadataError::NoProvider));
}

#[test]
fn a_providers_metadata_are_read_as_a_proposal() {
    let certificate = PROVIDER.identity.certificate().clone();
    let document = IdpMetadata {
        entity_id: IDP,
        sign_in_url: SSO,
        logout_url: Some(SLO),
        signing: &[certificate.clone(), certificate.clone()],
        valid_until: Some(NOW),
    }
    .document();
    let earlier = Timestamp::from_secs(NOW.as_secs() - 1);
    let read = ProviderMetadata::read(&document, None, earlier).unwrap();
    assert_eq!(read.entity_id, IDP);
    assert_eq!(read.sign_in, Endpoints { redirect: Some(SSO.into()), post: None });
    assert_eq!(read.logout.redirect.as_deref(), Some(SLO));
    assert_eq!(read.signing, [certificate]);
    assert!(read.wants_signed_requests);
    assert_eq!(ProviderMetadata::read(&document, None, NOW), Err(MetadataError::Expired));
    let other = ProviderMetadata::read(&document, Some("urn:other"), earlier);
    assert_eq!(other, Err(MetadataError::NoProvider));
    let base64 = cut(&document, "<ds:X509Certificate>", "</ds:X509Certificate>");
    let broken = document.replace(base64, "<ds:X509Certificate>AAAA</ds:X509Certificate>");
    let broken = ProviderMetadata::read(&broken, None, earlier);
    assert_eq!(broken, Err(MetadataError::Certificate));
}
