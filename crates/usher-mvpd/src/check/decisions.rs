//! Decision points: reachable, and signed by whom?

use std::sync::Arc;

use reqwest::Method;
use url::Url;
use usher_registry::{AuthzEndpoint, AuthzProtocol, Mvpd, Transport, XacmlAuthz};

use super::{Report, Scene, Silence, patient};
use crate::peer::Answer;
use crate::saml::saml_of;

impl Scene<'_> {
    pub(super) async fn decisions(
        &self,
        report: &mut Report,
        mvpd: &Arc<Mvpd>,
        endpoint: &AuthzEndpoint,
    ) {
        match &endpoint.protocol {
            AuthzProtocol::None => {
                report.advice("none: whoever has signed in may watch everything");
            }
            AuthzProtocol::Rest(rest) => self.point(report, &rest.url, &rest.transport).await,
            AuthzProtocol::XacmlPlain(xacml) => {
                self.point(report, &xacml.url, &xacml.transport).await;
            }
            AuthzProtocol::XacmlSoap(xacml) => {
                self.point(report, &xacml.url, &xacml.transport).await;
                self.signed(report, mvpd, xacml);
            }
        }
    }

    /// Decision points want questions, and answer other calls as they like.
    async fn point(&self, report: &mut Report, url: &Url, transport: &Transport) {
        match self.knock(url, transport).await {
            Ok(answer) => report.good(format!("{url} answers (status {})", answer.status)),
            Err(silence) => report.problem(silence.at(url)),
        }
        if transport.client_certificate.is_some() {
            report.good("usher shows a TLS certificate of its own");
        }
    }

    async fn knock(&self, url: &Url, transport: &Transport) -> Result<Answer, Silence> {
        let way = self.peers.by(transport);
        patient(way.and_then(|way| way.request(Method::GET, url))).await
    }

    fn signed(&self, report: &mut Report, mvpd: &Mvpd, xacml: &XacmlAuthz) {
        if !xacml.require_signed_response {
            return report
                .advice("its answers need not be signed: TLS alone says who they are from");
        }
        self.certificates(report, &xacml.certificates);
        let sign_in = mvpd.authn.iter().filter_map(saml_of).any(|it| !it.certificates.is_empty());
        if xacml.certificates.is_empty() && !sign_in {
            report.problem("no certificate is pinned for its signed answers: all are refused");
        }
        if xacml.allow_sha1 {
            report.advice("it may sign with RSA-SHA1, which can be forged with effort");
        }
    }
}
