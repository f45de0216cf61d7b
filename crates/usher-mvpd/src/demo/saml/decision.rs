//! The XACML decision point, in SOAP and plain.

use std::time::Duration;

use usher_saml::authz::{Assignment, Decision, Obligation};
use usher_saml::idp::{
    AuthzQuery, AuthzResponse, Grant, RequestRejection, Verdict as XacmlVerdict, plain_response,
    read_plain_query, read_query,
};

use super::super::switchboard::Fault;
use super::super::verdict::{SLOWNESS, Verdict, Why, verdict};
use super::SamlSide;

const OK: &str = "urn:oasis:names:tc:xacml:1.0:status:ok";
const PROCESSING_ERROR: &str = "urn:oasis:names:tc:xacml:1.0:status:processing-error";
const RE_AUTHZ: &str = "urn:cablelabs:olca:1.0:obligations:re-authz";
const RESTRICT_PC: &str = "urn:tve:xacml:2.0:obligations:restrict-pc";
const UPGRADE: &str = "urn:tve:xacml:2.0:obligations:upgrade";
const MESSAGE: &str = "urn:cablelabs:ocla:1.0:attribute:enviroment:buy-flow:message";
const REASON_CODE: &str =
    "urn:cablelabs:olca:1.0:attribute:content:subscription:tv-network:reason-code";

/// What the decision point does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XacmlAnswer {
    /// Answers 200 with this document.
    Decided(String),
    /// Answers 200 with this document, much later.
    Late(Duration, String),
    /// Answers 500 with a SOAP fault.
    Broken(String),
    /// Answers 400: the question is not usher's, or makes no sense.
    Refused(RequestRejection),
}

impl SamlSide<'_> {
    /// Answers a query in SOAP. `proxied` is the provider a proxy is asked to speak for.
    pub fn decide(&self, body: &str, proxied: Option<&str>) -> XacmlAnswer {
        let query = match read_query(body, &self.demo.peer.signing) {
            Ok(query) => query,
            Err(rejection) => return XacmlAnswer::Refused(rejection),
        };
        self.decided(&query, |grants| {
            let now = self.demo.clock.now();
            let issuer = self.issuer_for(proxied);
            let age = Duration::from_hours(if self.does(Fault::Expired) { 48 } else { 0 });
            let response = AuthzResponse {
                response_id: &self.id(),
                assertion_id: &self.id(),
                issue_instant: now - age,
                not_on_or_after: now + Duration::from_hours(24) - age,
                issuer: &issuer,
                audience: self.decision_audience(),
                in_response_to: &query.id,
                grants,
            };
            let signer = (!self.does(Fault::Unsigned)).then(|| self.identity());
            let document = response.soap(signer).unwrap_or_default();
            if self.does(Fault::BadSignature) {
                document.replacen("<xacml-context:Decision>", "<xacml-context:Decision> ", 1)
            } else {
                document
            }
        })
    }

    /// Answers a plain query.
    pub fn decide_plain(&self, body: &str) -> XacmlAnswer {
        match read_plain_query(body) {
            Ok(query) => self.decided(&query, plain_response),
            Err(rejection) => XacmlAnswer::Refused(rejection),
        }
    }

    fn decision_audience(&self) -> &str {
        if self.does(Fault::WrongAudience) {
            "https://somebody.example"
        } else {
            &self.demo.peer.entity_id
        }
    }

    fn decided(&self, query: &AuthzQuery, written: impl Fn(&[Grant]) -> String) -> XacmlAnswer {
        let user = query.subject.as_ref().map(|subject| subject.value.as_str()).unwrap_or_default();
        let mut late = false;
        let mut grants = Vec::new();
        for channel in query.resource_ids() {
            let verdict = match verdict(user, channel) {
                Verdict::Broken => return XacmlAnswer::Broken(FAULT.to_owned()),
                Verdict::Permit => self.permit(),
                Verdict::Late => {
                    late = true;
                    self.permit()
                }
                Verdict::Deny(why) => denial(why),
            };
            grants.push(Grant { resource_id: channel.to_owned(), verdict });
        }
        let document = written(&grants);
        if late { XacmlAnswer::Late(SLOWNESS, document) } else { XacmlAnswer::Decided(document) }
    }

    fn permit(&self) -> XacmlVerdict {
        if self.does(Fault::Indeterminate) {
            return XacmlVerdict {
                decision: Decision::Indeterminate,
                status_code: PROCESSING_ERROR.to_owned(),
                message: None,
                obligations: Vec::new(),
            };
        }
        let ttl = self.demo.authz_ttl.as_secs().max(1).to_string();
        let lifetime = obligation(RE_AUTHZ, "Permit", &[("ttl", &ttl)]);
        let unknown = obligation("urn:opco:obligations:sing-along", "Permit", &[]);
        let obligations = [
            (!self.does(Fault::MissingTtl)).then_some(lifetime),
            self.does(Fault::Obligation).then_some(unknown),
        ];
        XacmlVerdict {
            decision: Decision::Permit,
            status_code: OK.to_owned(),
            message: None,
            obligations: obligations.into_iter().flatten().collect(),
        }
    }
}

fn denial(why: Why) -> XacmlVerdict {
    let id = match why {
        Why::Parental => RESTRICT_PC,
        Why::NotInPackage | Why::NoPackage | Why::SessionOver | Why::UnknownViewer => UPGRADE,
    };
    let told = [(MESSAGE, why.message()), (REASON_CODE, why.code())];
    XacmlVerdict {
        decision: Decision::Deny,
        status_code: OK.to_owned(),
        message: None,
        obligations: vec![obligation(id, "Deny", &told)],
    }
}

fn obligation(id: &str, fulfil_on: &str, assignments: &[(&str, &str)]) -> Obligation {
    let assigned = |(id, value): &(&str, &str)| Assignment {
        attribute_id: (*id).to_owned(),
        value: (*value).to_owned(),
    };
    Obligation {
        id: id.to_owned(),
        fulfil_on: Some(fulfil_on.to_owned()),
        assignments: assignments.iter().map(assigned).collect(),
    }
}

const FAULT: &str = "<?xml version=\"1.0\"?>\
    <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault>\
    <faultcode>soap:Server</faultcode><faultstring>The decision point is out of order.</faultstring>\
    </soap:Fault></soap:Body></soap:Envelope>";
