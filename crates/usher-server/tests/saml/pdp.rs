//! A provider's decision point that a test plays: it verifies every question, keeps it, and answers as
//! the test says, signed by a key the catalog pins.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use usher_jose::{Certificate, EcKey};
use usher_registry::XacmlAuthz;
use usher_saml::authz::{Assignment, Decision, Obligation};
use usher_saml::idp::{
    AuthzQuery, AuthzResponse, Grant, Verdict, plain_response, read_plain_query, read_query,
};
use usher_saml::{Sha1, SigningIdentity, TrustedKeys};
use usher_testkit::ManualClock;

use crate::support::House;

/// A question that came.
pub(crate) struct Question {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) query: AuthzQuery,
}

/// What the decision point says.
pub(crate) enum Reply {
    /// These decisions.
    Grants(Vec<Grant>),
    /// This status and text.
    Raw(u16, &'static str),
}

type Script = Box<dyn Fn(&AuthzQuery) -> Reply + Send + Sync>;

/// Answers until the test ends.
pub(crate) struct Pdp {
    url: String,
    inner: Arc<Inner>,
}

struct Inner {
    identity: SigningIdentity,
    issuer: String,
    audience: String,
    trust: TrustedKeys,
    clock: Arc<ManualClock>,
    script: Script,
    questions: Mutex<Vec<Question>>,
}

impl Pdp {
    /// A decision point in the name of OpCo.
    pub(crate) async fn open(
        house: &House,
        script: impl Fn(&AuthzQuery) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let key = EcKey::generate().expect("a key");
        let now = usher_core::Clock::now(house.clock.as_ref());
        let validity = (now, now + Duration::from_hours(24));
        let certificate = Certificate::self_signed(&key, "pdp", validity).expect("a certificate");
        let inner = Arc::new(Inner {
            identity: SigningIdentity::new(&key, certificate).expect("an identity"),
            issuer: house.url("/demo/opco"),
            audience: house.url("/sp/metadata"),
            trust: TrustedKeys::pinned(&published(house).await, Sha1::Refused).expect("keys"),
            clock: Arc::clone(&house.clock),
            script: Box::new(script),
            questions: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/xacml", listener.local_addr().expect("an address"));
        let app = Router::new().route("/xacml", post(answer)).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, inner }
    }

    /// A decision point that permits everything for ten minutes.
    pub(crate) async fn permitting(house: &House) -> Self {
        Self::open(house, |query| {
            let lifetime = obligation(RE_AUTHZ, &[("ttl", "600")]);
            Reply::Grants(each(query, Decision::Permit, &[lifetime]))
        })
        .await
    }

    /// Makes `endpoint` ask here.
    pub(crate) fn at(&self, endpoint: &mut XacmlAuthz) {
        endpoint.url = self.url.parse().expect("a URL");
        endpoint.certificates = vec![self.inner.identity.certificate().pem().to_owned()];
    }

    /// The questions that came.
    pub(crate) fn questions(&self) -> MutexGuard<'_, Vec<Question>> {
        self.inner.questions.lock().expect("unpoisoned")
    }

    /// How many questions came.
    pub(crate) fn asked(&self) -> usize {
        self.questions().len()
    }
}

/// The signing certificates that the house announces.
async fn published(house: &House) -> Vec<Certificate> {
    let document = house.send(house.get("/sp/metadata")).await.text().await.expect("text");
    let signing = document.split("use=\"signing\"").skip(1);
    let pem = |part: &str| {
        let text = part.split(['<', '>']).skip_while(|it| !it.ends_with("X509Certificate")).nth(1);
        let body = text.expect("a certificate");
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    signing.map(|part| Certificate::from_pem(&pem(part)).expect("a certificate")).collect()
}

async fn answer(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: String) -> Response {
    let in_soap = body.contains("Envelope");
    let query = if in_soap { read_query(&body, &inner.trust) } else { read_plain_query(&body) };
    let query = match query {
        Ok(query) => query,
        Err(rejection) => return (StatusCode::BAD_REQUEST, rejection.to_string()).into_response(),
    };
    let reply = (inner.script)(&query);
    let (status, text) = match &reply {
        Reply::Grants(grants) if in_soap => (200, inner.soap(&query, grants)),
        Reply::Grants(grants) => (200, plain_response(grants)),
        Reply::Raw(status, text) => (*status, (*text).to_owned()),
    };
    inner.questions.lock().expect("unpoisoned").push(Question { headers, body, query });
    (StatusCode::from_u16(status).expect("a status"), text).into_response()
}

impl Inner {
    fn soap(&self, query: &AuthzQuery, grants: &[Grant]) -> String {
        let now = usher_core::Clock::now(self.clock.as_ref());
        let response = AuthzResponse {
            response_id: "_response",
            assertion_id: "_assertion",
            issue_instant: now,
            not_on_or_after: now + Duration::from_mins(5),
            issuer: &self.issuer,
            audience: &self.audience,
            in_response_to: &query.id,
            grants,
        };
        response.soap(Some(&self.identity)).expect("an answer")
    }
}

pub(crate) const RE_AUTHZ: &str = "urn:cablelabs:olca:1.0:obligations:re-authz";

/// The same decision about everything `query` asks about.
pub(crate) fn each(
    query: &AuthzQuery,
    decision: Decision,
    obligations: &[Obligation],
) -> Vec<Grant> {
    let about = |id: &str| Grant {
        resource_id: id.to_owned(),
        verdict: Verdict {
            decision,
            status_code: "urn:oasis:names:tc:xacml:1.0:status:ok".to_owned(),
            message: None,
            obligations: obligations.to_vec(),
        },
    };
    query.resource_ids().map(about).collect()
}

/// An obligation with these assignments.
pub(crate) fn obligation(id: &str, assignments: &[(&str, &str)]) -> Obligation {
    let assigned = |(id, value): &(&str, &str)| Assignment {
        attribute_id: (*id).to_owned(),
        value: (*value).to_owned(),
    };
    Obligation {
        id: id.to_owned(),
        fulfil_on: None,
        assignments: assignments.iter().map(assigned).collect(),
    }
}
