//! SAML providers: pinned keys, and what the metadata say.

use std::sync::Arc;

use usher_jose::Certificate;
use usher_registry::{Binding, LogoutMode, Mvpd, SamlEndpoint};
use usher_saml::metadata::ProviderMetadata;
use usher_saml::{Sha1, TrustedKeys};

use super::{Report, SOON, Scene, day};

impl Scene<'_> {
    pub(super) async fn saml(&self, report: &mut Report, mvpd: &Arc<Mvpd>, saml: &SamlEndpoint) {
        report.good(format!("the provider is `{}`", saml.entity_id));
        let pinned = self.certificates(report, &saml.certificates);
        if saml.certificates.is_empty() {
            report.problem(
                "no certificate is pinned: every answer is refused. `usher mvpd import` reads them \
                 from the provider's metadata",
            );
        } else if let Err(error) = TrustedKeys::pinned(&pinned, Sha1::Refused) {
            report.problem(format!("the pinned certificates cannot be used: {error}"));
        }
        if saml.allow_sha1 {
            report.advice("it may sign with RSA-SHA1, which can be forged with effort");
        }
        self.reach(report, &saml.sso_url).await;
        match &saml.metadata_url {
            Some(url) => match self.look(url).await {
                Ok(answer) if answer.status == 200 => {
                    let document = String::from_utf8_lossy(&answer.body);
                    self.metadata(report, (mvpd, saml, &pinned), &document);
                }
                Ok(answer) => {
                    report.problem(format!(
                        "its metadata are not at {url}: status {}",
                        answer.status
                    ));
                }
                Err(silence) => report.problem(silence.at(url)),
            },
            None => report.advice("no `metadata_url`: changes of its keys have to be told by mail"),
        }
    }

    fn metadata(
        &self,
        report: &mut Report,
        (mvpd, saml, pinned): (&Mvpd, &SamlEndpoint, &[Certificate]),
        document: &str,
    ) {
        let found = ProviderMetadata::read(document, Some(&saml.entity_id), self.now)
            .or_else(|_| ProviderMetadata::read(document, None, self.now));
        let metadata = match found {
            Ok(metadata) => metadata,
            Err(error) => return report.problem(format!("its metadata cannot be read: {error}")),
        };
        let before = report.findings.len();
        report.compare("entity id", &saml.entity_id, Some(&metadata.entity_id));
        let sign_in = match saml.sso_binding {
            Binding::Redirect => &metadata.sign_in.redirect,
            Binding::Post => &metadata.sign_in.post,
        };
        if sign_in.is_none() {
            report.problem("its metadata name no sign-in address for the binding of `sso_binding`");
        }
        report.compare("sign-in address", saml.sso_url.as_str(), sign_in.as_deref());
        let logout = mvpd.logout.iter().find_map(|endpoint| match &endpoint.protocol {
            LogoutMode::SamlSlo(logout) => Some(logout),
            LogoutMode::None | LogoutMode::Redirect(_) => None,
        });
        match (logout, metadata.logout.redirect.as_deref()) {
            (Some(logout), theirs) => {
                report.compare("sign-out address", logout.url.as_str(), theirs);
            }
            (None, Some(theirs)) => {
                report.advice(format!("it offers single logout at `{theirs}`, which is not used"));
            }
            (None, None) => (),
        }
        keys(report, pinned, &metadata.signing);
        if let Some(end) = metadata.valid_until.filter(|end| end.since(self.now) < SOON) {
            report.advice(format!("its metadata are good until {}", day(end)));
        }
        if report.findings.len() == before {
            report.good("its metadata agree with the catalog");
        }
    }
}

/// A key that is announced but not pinned will be used one day, and on that day nobody can sign in.
fn keys(report: &mut Report, pinned: &[Certificate], announced: &[Certificate]) {
    let missing = |of: &[Certificate], one: &Certificate| {
        !of.iter().any(|known| known.fingerprint() == one.fingerprint())
    };
    for certificate in announced.iter().filter(|it| missing(pinned, it)) {
        report.problem(format!(
            "it announces a certificate that is not pinned ({}, {}): ask the provider by another way \
             whether it is theirs, then pin it beside the others",
            certificate.subject(),
            certificate.fingerprint()
        ));
    }
    for certificate in pinned.iter().filter(|it| missing(announced, it)) {
        report.advice(format!(
            "a pinned certificate is not announced any more ({}): remove it once it is out of use",
            certificate.fingerprint()
        ));
    }
}
