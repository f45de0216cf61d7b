//! OAuth and OpenID providers: what their discovery document says.

use serde::Deserialize;
use url::Url;
use usher_jose::VerificationKeys;
use usher_registry::{ClientAuthentication, OAuthEndpoint};

use super::{Report, Scene};

/// What a provider publishes about itself (OpenID Connect Discovery 1.0, RFC 8414), as far as it is
/// used here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Discovery {
    pub(crate) issuer: Option<String>,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) userinfo_endpoint: Option<String>,
    pub(crate) jwks_uri: Option<String>,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) end_session_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    scopes_supported: Option<Vec<String>>,
}

impl Discovery {
    /// Reads `document`, which must name its issuer.
    pub(crate) fn read(document: &str) -> Option<Self> {
        serde_json::from_str(document).ok().filter(|it: &Self| it.issuer.is_some())
    }
}

impl Scene<'_> {
    pub(super) async fn openid(&self, report: &mut Report, oauth: &OAuthEndpoint) {
        report.good(format!("the provider is `{}`", oauth.issuer));
        self.reach(report, &oauth.authorization_url).await;
        self.reach(report, &oauth.token_url).await;
        match &oauth.jwks_url {
            Some(url) => self.keys(report, url).await,
            None if oauth.scope.split(' ').any(|scope| scope == "openid") => {
                report.problem("there is no `jwks_url`: its id tokens cannot be verified");
            }
            None => (),
        }
        if !oauth.pkce {
            report.advice("`pkce` is off: a stolen code can be used by the thief");
        }
        let Some(url) = discovery_url(&oauth.issuer) else {
            return report.problem("the `issuer` is no URL");
        };
        match self.look(&url).await {
            Ok(answer) => match answer.json::<Discovery>() {
                Ok(discovery) => compare(report, oauth, &discovery),
                Err(_) => report.advice(format!("it publishes no configuration at {url}")),
            },
            Err(silence) => report.advice(silence.at(&url)),
        }
    }

    async fn keys(&self, report: &mut Report, url: &Url) {
        match self.look(url).await {
            Ok(answer) => match VerificationKeys::from_json(&answer.body) {
                Ok(keys) if keys.iter().next().is_some() => {
                    report.good(format!("{url} publishes usable keys: {}", keys.iter().count()));
                }
                Ok(_) | Err(_) => report.problem(format!("{url} has no key that can be used")),
            },
            Err(silence) => report.problem(silence.at(url)),
        }
    }
}

/// Where `issuer` publishes its configuration.
pub(crate) fn discovery_url(issuer: &str) -> Option<Url> {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')).parse().ok()
}

fn compare(report: &mut Report, oauth: &OAuthEndpoint, discovery: &Discovery) {
    let before = report.findings.len();
    let address = |url: &Option<Url>| url.as_ref().map(|url| url.as_str().to_owned());
    report.compare("issuer", &oauth.issuer, discovery.issuer.as_deref());
    for (what, ours, theirs) in [
        (
            "authorization address",
            Some(oauth.authorization_url.to_string()),
            &discovery.authorization_endpoint,
        ),
        ("token address", Some(oauth.token_url.to_string()), &discovery.token_endpoint),
        ("user info address", address(&oauth.userinfo_url), &discovery.userinfo_endpoint),
        ("address of its keys", address(&oauth.jwks_url), &discovery.jwks_uri),
        ("revocation address", address(&oauth.revocation_url), &discovery.revocation_endpoint),
    ] {
        if let Some(ours) = ours {
            report.compare(what, &ours, theirs.as_deref());
        }
    }
    let lacks = |list: &Option<Vec<String>>, value: &str| {
        list.as_ref().is_some_and(|list| !list.iter().any(|known| known == value))
    };
    if oauth.pkce && lacks(&discovery.code_challenge_methods_supported, "S256") {
        report.advice("it does not announce PKCE by S256");
    }
    let method = match oauth.client_authentication {
        ClientAuthentication::Basic => "client_secret_basic",
        ClientAuthentication::Post => "client_secret_post",
    };
    if lacks(&discovery.token_endpoint_auth_methods_supported, method) {
        report.problem(format!("it does not take `{method}`: set `client_authentication`"));
    }
    for scope in oauth.scope.split(' ') {
        if lacks(&discovery.scopes_supported, scope) {
            report.advice(format!("it does not announce the scope `{scope}`"));
        }
    }
    if report.findings.len() == before {
        report.good("its published configuration agrees with the catalog");
    }
}
