//! Authorization queries and answers.

use std::time::Duration;

use super::*;
use crate::authz::{
    Assignment, Attribute, AuthzExpected, AuthzRejection, Decision, IP_ADDRESS, IP_ADDRESS_TYPE,
    Obligation, Query, QueryHeader, ResourceNames, Subject, read_plain, read_soap,
};
use crate::idp::{AuthzResponse, Grant, Verdict, plain_response, read_plain_query, read_query};
use crate::{Resource, SignatureError};

const QUERY: &str = "_9c41a7d6f0b24b6bb1f2b1d0a7c3e955";

fn resources() -> Vec<Vec<Attribute>> {
    let names = ResourceNames::default();
    ["NEWSCH", "SPORTCH"].map(|id| names.attributes(&Resource::parse(id).unwrap())).into()
}

fn address() -> Attribute {
    Attribute {
        id: IP_ADDRESS.into(),
        data_type: IP_ADDRESS_TYPE.into(),
        value: "198.51.100.23".into(),
    }
}

fn header() -> QueryHeader<'static> {
    QueryHeader {
        id: QUERY,
        issue_instant: NOW,
        destination: Some("https://pdp.cableone.example/xacml"),
        issuer: "https://saml.sp.tve.example/on-behalf-of/NEWSCH",
        combine_policies: Some(false),
        input_context_only: None,
    }
}

fn expected(trust: Option<&TrustedKeys>) -> AuthzExpected<'_> {
    AuthzExpected {
        now: NOW,
        issuer: IDP,
        sp_entity_id: SP,
        requestor: Some("NEWSCH"),
        request_id: QUERY,
        trust,
        skew: Duration::from_mins(2),
    }
}

fn grants() -> Vec<Grant> {
    let verdict = |decision, id: &str, fulfil_on: &str, value: &str| Verdict {
        decision,
        status_code: "urn:oasis:names:tc:xacml:1.0:status:ok".into(),
        message: Some("ok".into()),
        obligations: vec![Obligation {
            id: id.into(),
            fulfil_on: Some(fulfil_on.into()),
            assignments: vec![Assignment { attribute_id: "ttl".into(), value: value.into() }],
        }],
    };
    vec![
        Grant {
            resource_id: "NEWSCH".into(),
            verdict: verdict(
                Decision::Permit,
                "urn:cablelabs:olca:1.0:obligations:re-authz",
                "Permit",
                " 600 ",
            ),
        },
        Grant {
            resource_id: "SPORTCH".into(),
            verdict: verdict(
                Decision::Deny,
                "urn:tve:xacml:2.0:obligations:restrict-pc",
                "Deny",
                "",
            ),
        },
    ]
}

fn response(grants: &[Grant]) -> AuthzResponse<'_> {
    AuthzResponse {
        response_id: "_response",
        assertion_id: "_assertion",
        issue_instant: NOW,
        not_on_or_after: NOW + Duration::from_hours(24),
        issuer: IDP,
        audience: SP,
        in_response_to: QUERY,
        grants,
    }
}

#[test]
fn a_query_with_the_oddest_texts_is_signed_as_the_library_would() {
    let odd = "a<b>&\"c'\u{e9}\r\n\t d]]>";
    let attribute = || Attribute { id: odd.into(), data_type: odd.into(), value: odd.into() };
    let (resources, environment) = (vec![vec![attribute()], vec![attribute()]], [attribute()]);
    for subject in [None, Some(Subject::Id(odd)), Some(Subject::Token("YQ=="))] {
        let query = Query { subject, resources: &resources, environment: &environment };
        for destination in [None, Some(odd)] {
            let header = QueryHeader {
                destination,
                issuer: odd,
                input_context_only: Some(true),
                ..header()
            };
            let document = query.soap(&header, &SERVICE.identity).unwrap();
            let read = read_query(&document, &SERVICE.trusted()).unwrap();
            assert_eq!((read.issuer.as_str(), &read.environment), (odd, &environment.to_vec()));
        }
    }
}

#[test]
fn what_is_empty_has_an_end_tag_all_the_same() {
    let bare = Query { subject: None, resources: &[], environment: &[] };
    assert!(bare.plain().contains("<xacml-context:Environment></xacml-context:Environment>"));
}

#[test]
fn a_soap_query_is_signed_and_says_what_the_contract_says() {
    let resources = resources();
    let environment = [address()];
    let query = Query {
        subject: Some(Subject::Id("u-7f31c0")),
        resources: &resources,
        environment: &environment,
    };
    let document = query.soap(&header(), &SERVICE.identity).unwrap();
    for part in [
        "PrefixList=\"ds saml xacml-context xacml-samlp\"",
        "xsi:type=\"xacml-context:AttributeValueType\">u-7f31c0<",
        "CombinePolicies=\"false\"",
        ">VIEW<",
    ] {
        assert!(document.contains(part), "{part}");
    }
    let read = read_query(&document, &SERVICE.trusted()).unwrap();
    assert_eq!((read.id.as_str(), read.issuer.as_str()), (QUERY, header().issuer));
    assert_eq!(read.subject.as_ref().unwrap().value, "u-7f31c0");
    assert_eq!(read.resource_ids().collect::<Vec<_>>(), ["NEWSCH", "SPORTCH"]);
    assert_eq!(read.environment, environment);

    let altered = replaced(&document, "u-7f31c0", "u-000000");
    assert!(read_query(&altered, &SERVICE.trusted()).is_err());
    assert!(read_query(&document, &ATTACKER.trusted()).is_err());
}

#[test]
fn a_plain_query_carries_a_token_or_no_subject() {
    let resources = resources();
    let query = Query { subject: None, resources: &resources, environment: &[] };
    let read = read_plain_query(&query.plain()).unwrap();
    assert_eq!(read.subject, None);
    let with_token = Query { subject: Some(Subject::Token("dG9rZW4=")), ..query };
    let subject = read_plain_query(&with_token.plain()).unwrap().subject.unwrap();
    assert!(subject.id.ends_with("subject-token") && subject.data_type.ends_with("base64Binary"));
    assert!(!with_token.plain().contains("xsi:type"));
}

#[test]
fn a_signed_answer_is_read_with_its_obligations() {
    let grants = grants();
    let document = response(&grants).soap(Some(&PROVIDER.identity)).unwrap();
    let trust = PROVIDER.trusted();
    let answer = read_soap(&document, &expected(Some(&trust))).unwrap();
    assert_eq!(answer.not_on_or_after, Some(NOW + Duration::from_hours(24)));
    let [permit, deny] = answer.results.as_slice() else { panic!("{answer:?}") };
    assert_eq!(permit.resource_id.as_deref(), Some("NEWSCH"));
    assert_eq!((permit.decision, permit.ttl()), (Decision::Permit, Some(Duration::from_mins(10))));
    assert_eq!(deny.decision, Decision::Deny);
    assert!(
        deny.is_restricted_by_parental_controls() && !permit.is_restricted_by_parental_controls()
    );
    assert_eq!(deny.message(), None);

    let plain = read_plain(&plain_response(&grants)).unwrap();
    assert_eq!(plain.results, answer.results);
}

#[test]
fn an_answer_that_is_not_the_providers_to_this_query_is_refused() {
    let grants = grants();
    let (trust, soap) = (PROVIDER.trusted(), response(&grants));
    let identity = Some(&PROVIDER.identity);
    let signed = |response: AuthzResponse<'_>| response.soap(identity).unwrap();
    let read = |document: &str| read_soap(document, &expected(Some(&trust))).unwrap_err();
    let good = signed(soap);

    assert_eq!(read(&soap.soap(None).unwrap()), SignatureError::Missing.into());
    let attacked = soap.soap(Some(&ATTACKER.identity)).unwrap();
    assert_eq!(read(&attacked), SignatureError::Invalid.into());
    assert_eq!(read(&replaced(&good, ">Deny<", ">Permit<")), SignatureError::Invalid.into());
    assert_eq!(read(&signed(AuthzResponse { issuer: "urn:x", ..soap })), AuthzRejection::Issuer);
    assert_eq!(read(&signed(AuthzResponse { audience: "x", ..soap })), AuthzRejection::Audience);
    let other = AuthzResponse { in_response_to: "_other", ..soap };
    assert_eq!(read(&signed(other)), AuthzRejection::Unsolicited);
    let old = NOW - Duration::from_mins(150);
    let stale = AuthzResponse { issue_instant: old, not_on_or_after: old, ..soap };
    assert_eq!(read(&signed(stale)), AuthzRejection::Time);

    let assertion = cut(&good, "<saml2:Assertion", "</saml2:Assertion>");
    let evil = assertion.replace(">Deny<", ">Permit<").replace("_assertion", "_evil");
    for both in [format!("{evil}{assertion}"), format!("{assertion}{evil}")] {
        assert!(read_soap(&replaced(&good, assertion, &both), &expected(Some(&trust))).is_err());
    }
    let header = format!("<soap11:Header>{assertion}</soap11:Header>");
    let smuggled = replaced(&good, "<soap11:Header></soap11:Header>", &header);
    assert_eq!(read(&smuggled), SignatureError::Place.into());
}

#[test]
fn an_endpoint_that_need_not_sign_is_believed_unsigned() {
    let grants = grants();
    let document = response(&grants).soap(None).unwrap();
    assert_eq!(read_soap(&document, &expected(None)).unwrap().results.len(), 2);
}

#[test]
fn faults_and_failures_keep_their_codes_for_the_status_table() {
    let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
        <faultcode>s:Server</faultcode><faultstring>down</faultstring></s:Fault></s:Body></s:Envelope>";
    let expected_fault =
        AuthzRejection::Fault { code: "s:Server".into(), text: Some("down".into()) };
    assert_eq!(read_soap(fault, &expected(None)), Err(expected_fault));

    let grants = grants();
    let failed =
        response(&grants).soap(None).unwrap().replace("status:Success", "status:Responder");
    let Err(AuthzRejection::Status { code, .. }) = read_soap(&failed, &expected(None)) else {
        panic!("{failed}")
    };
    assert_eq!(code, "urn:oasis:names:tc:SAML:2.0:status:Responder");
}

#[test]
fn foreign_prefixes_and_a_missing_resource_id_are_understood() {
    let document = "<ns2:Response xmlns:ns2='urn:oasis:names:tc:xacml:2.0:context:schema:os'>\
        <ns2:Result><ns2:Decision> Permit\n</ns2:Decision></ns2:Result></ns2:Response>";
    let answer = read_plain(document).unwrap();
    let [result] = answer.results.as_slice() else { panic!("{answer:?}") };
    assert_eq!((result.decision, &result.resource_id), (Decision::Permit, &None));
    let maybe = document.replace("Permit", "Maybe");
    assert!(matches!(read_plain(&maybe), Err(AuthzRejection::Malformed(_))));
    let none = document.replace("ns2:Result>", "ns2:Nothing>");
    assert_eq!(read_plain(&none).unwrap().results, []);
}
