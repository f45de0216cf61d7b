//! What is wrong with a provider's record, in words (`usher mvpd check`).
//!
//! Looks at what the catalog says, and at what the provider says of itself where it says something.
//! Nothing here is a condition for serving: a provider that is down today may be fine.

mod decisions;
mod names;
mod openid;
mod saml;

use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use url::Url;
use usher_core::Timestamp;
use usher_jose::Certificate;
use usher_registry::{AuthnProtocol, Kind, LogoutMode, Mvpd, Snapshot};

pub(crate) use openid::Discovery;

use crate::gateway::Gateway;
use crate::peer::{Answer, PeerError, Peers, explained};

/// Certificates that end sooner are worth a call.
const SOON: Duration = Duration::from_hours(24 * 30);
/// Smaller RSA keys are within reach of whoever wants to sign in as anybody.
const RSA_BITS_MIN: usize = 2_048;
/// Time for one look at a provider.
const PATIENCE: Duration = Duration::from_secs(10);

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and could be better or will not work for long.
    Advice,
    /// It does not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub about: String,
    /// How good it is.
    pub verdict: Verdict,
    /// What it is, and what to do about it.
    pub text: String,
}

impl Gateway {
    /// Everything worth saying about the provider `id`; nothing if there is no such provider.
    pub async fn check(&self, snapshot: &Snapshot, id: &str) -> Option<Vec<Finding>> {
        let mvpd = snapshot.mvpd(id)?;
        let mut report = Report { findings: Vec::new(), about: "record".to_owned() };
        if mvpd.kind == Kind::TempPass {
            report.good("a temporary pass: there is no provider to look at");
            return Some(report.findings);
        }
        let speaker = mvpd.proxy.as_ref().and_then(|proxy| snapshot.mvpd(proxy.as_str()));
        let speaker = speaker.unwrap_or(mvpd);
        if speaker.id != mvpd.id {
            report.good(format!("proxied: {} speaks for it", speaker.id));
        }
        names::check(&mut report, snapshot, mvpd, speaker);
        let scene = Scene { peers: self.peers(), now: self.now() };
        for endpoint in speaker.authn.iter() {
            report.about = format!("sign-in `{}`", endpoint.id());
            match &endpoint.protocol {
                AuthnProtocol::Saml2(saml) => scene.saml(&mut report, speaker, saml).await,
                AuthnProtocol::Oauth2(oauth) => scene.openid(&mut report, oauth).await,
            }
        }
        for endpoint in speaker.authz.iter() {
            report.about = format!("decisions `{}`", endpoint.id());
            scene.decisions(&mut report, speaker, endpoint).await;
        }
        scene.logout(&mut report, speaker).await;
        Some(report.findings)
    }
}

/// Where things are looked at.
struct Scene<'s> {
    peers: &'s Peers,
    now: Timestamp,
}

impl Scene<'_> {
    async fn logout(&self, report: &mut Report, mvpd: &Arc<Mvpd>) {
        for endpoint in mvpd.logout.iter() {
            report.about = format!("sign-out `{}`", endpoint.id());
            match &endpoint.protocol {
                LogoutMode::None => {
                    report.good("none: usher forgets viewers, the provider does not");
                }
                LogoutMode::Redirect(redirect) => self.reach(report, &redirect.url).await,
                LogoutMode::SamlSlo(logout) => self.reach(report, &logout.url).await,
            }
        }
    }

    /// Does anybody answer at `url`? Whatever the answer, somebody is there.
    async fn reach(&self, report: &mut Report, url: &Url) {
        match self.look(url).await {
            Ok(answer) => report.good(format!("{url} answers (status {})", answer.status)),
            Err(silence) => report.problem(silence.at(url)),
        }
    }

    /// What is at `url`.
    async fn look(&self, url: &Url) -> Result<Answer, Silence> {
        patient(self.peers.get(url)).await
    }

    /// Looks at pinned certificates; answers those that can be read.
    fn certificates(&self, report: &mut Report, pinned: &[String]) -> Vec<Certificate> {
        let mut read = Vec::new();
        for (number, pem) in pinned.iter().enumerate() {
            let number = number + 1;
            match Certificate::from_pem(pem) {
                Ok(certificate) => {
                    self.certificate(report, (number, &certificate));
                    read.push(certificate);
                }
                Err(error) => report.problem(format!("pinned certificate {number} is {error}")),
            }
        }
        read
    }

    fn certificate(&self, report: &mut Report, (number, it): (usize, &Certificate)) {
        let name = format!("pinned certificate {number} ({}, {})", it.subject(), it.fingerprint());
        let end = it.not_after();
        let day = day(end);
        if it.rsa_bits().is_some_and(|bits| bits < RSA_BITS_MIN) {
            report.problem(format!(
                "{name} has an RSA key of fewer than {RSA_BITS_MIN} bits, which can be broken: ask \
                 the provider for another"
            ));
        } else if end <= self.now {
            report.advice(format!(
                "{name} ended on {day}. Its key still counts; ask the provider whether it changed"
            ));
        } else if end.since(self.now) < SOON {
            report.advice(format!(
                "{name} ends on {day}: ask the provider for the next one, and pin it beside this one"
            ));
        } else {
            report.good(format!("{name} lasts until {day}"));
        }
    }
}

/// What was found so far.
struct Report {
    findings: Vec<Finding>,
    about: String,
}

impl Report {
    fn good(&mut self, text: impl Into<String>) {
        self.add(Verdict::Good, text.into());
    }

    fn advice(&mut self, text: impl Into<String>) {
        self.add(Verdict::Advice, text.into());
    }

    fn problem(&mut self, text: impl Into<String>) {
        self.add(Verdict::Problem, text.into());
    }

    fn add(&mut self, verdict: Verdict, text: String) {
        self.findings.push(Finding { about: self.about.clone(), verdict, text });
    }

    /// A problem unless `ours` is what the provider says, if it says anything.
    fn compare(&mut self, what: &str, ours: &str, theirs: Option<&str>) {
        if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
            self.problem(format!(
                "the {what} is `{ours}` in the catalog and `{theirs}` at the provider"
            ));
        }
    }
}

/// Why there is no answer, and what the network says about it.
struct Silence(PeerError, Option<String>);

impl Silence {
    /// In words.
    fn at(&self, url: &Url) -> String {
        let Self(error, cause) = self;
        let cause = cause.as_deref();
        let advice = match error {
            PeerError::Unreachable if cause.is_some_and(|cause| cause.contains("certificate")) => {
                "its TLS certificate is not trusted: it must be valid for this name, and come from \
                 an authority of this machine or of `certificate_authorities`"
            }
            PeerError::Unreachable => {
                "is the address right, and do the provider's firewall and yours let you through?"
            }
            PeerError::Insecure => "write https://, or allow plain HTTP if this is a laboratory",
            PeerError::Broken | PeerError::Interrupted => "does something stand between?",
            PeerError::Identity => "look at the certificates and keys of its connection",
        };
        let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!("{url}: {error}{cause}; {advice}")
    }
}

/// The answer to `request`, if it comes before patience ends.
async fn patient(request: Result<RequestBuilder, PeerError>) -> Result<Answer, Silence> {
    let request = request.map_err(|error| Silence(error, None))?;
    match tokio::time::timeout(PATIENCE, explained(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err((error, cause))) => Err(Silence(error, Some(cause))),
        Err(_) => {
            let cause = format!("nothing came within {} seconds", PATIENCE.as_secs());
            Err(Silence(PeerError::Unreachable, Some(cause)))
        }
    }
}

/// The day of `instant`, as people write it.
pub fn day(instant: Timestamp) -> String {
    let instant = jiff::Timestamp::from_second(instant.as_secs());
    instant.map_or_else(|_| "?".to_owned(), |instant| instant.strftime("%Y-%m-%d").to_string())
}
