//! What makes an MVPD's record and an integration with it contradictory.

use std::collections::HashSet;
use std::time::Duration;

use super::{AuthnProtocol, AuthzProtocol, ChosenEndpoints, Endpoints, Mvpd, Protocol, Transport};
use crate::settings::{EffectiveSettings, Platform, PlatformCategory};

/// More is no clock that runs wrong but an invitation to replay (`mvpd` §5.5).
const SKEW_MAX: Duration = Duration::from_mins(10);

impl Mvpd {
    /// The first thing that is wrong with the record by itself.
    pub(crate) fn problem(&self) -> Option<String> {
        let twice = twice("authn", &self.authn)
            .or_else(|| twice("authz", &self.authz))
            .or_else(|| twice("logout", &self.logout));
        let signing_in = self.authn.iter().filter_map(|endpoint| match &endpoint.protocol {
            AuthnProtocol::Saml2(saml) => skewed(saml.skew),
            AuthnProtocol::Oauth2(_) => None,
        });
        let asking = self.authz.iter().filter_map(|endpoint| match &endpoint.protocol {
            AuthzProtocol::XacmlSoap(xacml) | AuthzProtocol::XacmlPlain(xacml) => {
                skewed(xacml.skew).or_else(|| transport_problem(&xacml.transport))
            }
            AuthzProtocol::Rest(rest) => transport_problem(&rest.transport),
            AuthzProtocol::None => None,
        });
        let ways = self.authn.is_empty() && self.authz.is_empty() && self.logout.is_empty();
        let ways = (self.proxy.is_some() && !ways)
            .then(|| "a proxied MVPD has no endpoints but those of its `proxy`".to_owned());
        twice.or(ways).or_else(|| signing_in.chain(asking).next())
    }

    /// The first of the `chosen` endpoints that does not exist.
    pub(crate) fn lacks(&self, chosen: &ChosenEndpoints) -> Option<String> {
        lacks("authn", &self.authn, chosen.authn.as_deref())
            .or_else(|| lacks("authz", &self.authz, chosen.authz.as_deref()))
            .or_else(|| lacks("logout", &self.logout, chosen.logout.as_deref()))
    }

    /// The sign-in lifetime in `settings` that outlasts the refresh tokens of the chosen endpoint
    /// (`mvpd` O5).
    pub(crate) fn outlasts(
        &self,
        chosen: &ChosenEndpoints,
        settings: &EffectiveSettings,
    ) -> Option<&'static str> {
        let endpoint = self.authn.chosen(chosen.authn.as_deref())?;
        let refresh_ttl = match &endpoint.protocol {
            AuthnProtocol::Oauth2(oauth) => oauth.refresh_ttl?,
            AuthnProtocol::Saml2(_) => return None,
        };
        let ttls =
            [("authn_ttl", settings.authn_ttl()), ("hba_authn_ttl", settings.hba_authn_ttl())];
        ttls.into_iter().find(|(_, ttl)| ttl.is_some_and(|ttl| ttl > refresh_ttl)).map(|it| it.0)
    }
}

/// Every platform settings can differ for.
pub(crate) fn platforms() -> impl Iterator<Item = (PlatformCategory, Option<Platform>)> {
    use PlatformCategory::{Desktop, Mobile, TvConnected, Unidentified};
    let categories = [Desktop, Mobile, TvConnected, Unidentified].map(|it| (it, None));
    let platforms =
        [Platform::Ios, Platform::Android, Platform::TvOs, Platform::Roku, Platform::FireTv];
    categories.into_iter().chain(platforms.map(|it| (it.category(), Some(it))))
}

fn twice<P: Protocol>(flow: &str, endpoints: &Endpoints<P>) -> Option<String> {
    let mut ids = HashSet::new();
    let id = endpoints.iter().map(super::Endpoint::id).find(|id| !ids.insert(*id))?;
    Some(format!("two `{flow}` endpoints have the id `{id}`: give one another `id`"))
}

fn lacks<P: Protocol>(
    flow: &str,
    endpoints: &Endpoints<P>,
    chosen: Option<&str>,
) -> Option<String> {
    let id = chosen.filter(|id| endpoints.get(id).is_none())?;
    Some(format!("the MVPD has no `{flow}` endpoint `{id}`"))
}

fn skewed(skew: Duration) -> Option<String> {
    (skew > SKEW_MAX).then(|| "a `skew` is at most 10 minutes".to_owned())
}

fn transport_problem(transport: &Transport) -> Option<String> {
    if transport.questions_max == 0 {
        return Some("`questions_max` is at least 1".to_owned());
    }
    if transport.client_certificate.is_some() != transport.client_key.is_some() {
        return Some("`client_certificate` and `client_key` go together".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use usher_core::Timestamp;

    use crate::{Catalog, PlatformCategory, Snapshot};

    const WORLD: &str = r#"
        [[media_companies]]
        id = "acme"
        name = "Acme"
        [[service_providers]]
        id = "ONE"
        name = "One"
        media_company = "acme"
        domains = []
        [[integrations]]
        service_provider = "ONE"
        mvpd = "Op"
        [[mvpds]]
        id = "Op"
        display_name = "Op"
        logo_url = "https://op.example/logo.svg"
    "#;

    const OAUTH: &str = r#"
        [[mvpds.authn]]
        protocol = "oauth2"
        issuer = "https://op.example"
        authorization_url = "https://op.example/authorize"
        token_url = "https://op.example/token"
        refresh_ttl = "7d"
        settings = { all = { authn_ttl = "5d" } }
    "#;

    const DAY: u64 = 24 * 3600;

    fn check(more: &str) -> Result<Snapshot, String> {
        let catalog = Catalog::from_toml(&format!("{WORLD}{more}"));
        catalog
            .and_then(|catalog| Snapshot::check(catalog, Timestamp::default()))
            .map_err(|error| error.to_string())
    }

    fn complaint(more: &str) -> String {
        check(more).err().unwrap_or_default()
    }

    #[test]
    fn mvpd_17_a_sign_in_that_outlasts_its_refresh_tokens_is_refused() {
        for (level, ttl) in [
            ("settings.all", "hba_authn_ttl = '8d'"),
            ("settings.all", "authn_ttl = '8d'\n[mvpds.settings.category.mobile]"),
            ("settings.platform.Roku", "hba_authn_ttl = '8d'"),
            ("settings.category.desktop", "authn_ttl = '8d'"),
        ] {
            let more = format!("{OAUTH}[mvpds.{level}]\n{ttl}\n");
            let more = more.replace("settings = { all = { authn_ttl = \"5d\" } }", "");
            let complaint = complaint(&more);
            assert!(complaint.contains("outlasts the refresh tokens"), "{level}: {complaint}");
        }
        let more = format!("{OAUTH}[mvpds.settings.all]\nhba_authn_ttl = '7d'\n");
        assert_eq!(complaint(&more), "");
    }

    #[test]
    fn settings_of_an_endpoint_stand_between_those_of_the_mvpd_and_the_integration() {
        let more = format!(
            "{OAUTH}[mvpds.settings.all]\nauthn_ttl = '1d'\nauthz_ttl = '1d'\n\
             [[integrations]]\nservice_provider = 'TWO'\nmvpd = 'Op'\n\
             settings = {{ all = {{ authn_ttl = '2d' }} }}\n\
             [[service_providers]]\nid = 'TWO'\nname = 'Two'\nmedia_company = 'acme'\ndomains = []"
        );
        let snapshot = check(&more).unwrap();
        let days = |channel: &str| {
            let (channel, mvpd) = (channel.into(), "Op".into());
            let integration = snapshot.integration(&channel, &mvpd).unwrap();
            let settings = snapshot.settings(integration, PlatformCategory::Desktop, None);
            (settings.authn_ttl().unwrap().as_secs(), settings.authz_ttl().unwrap().as_secs())
        };
        assert_eq!(days("ONE"), (5 * DAY, DAY));
        assert_eq!(days("TWO"), (2 * DAY, DAY));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let rest = "protocol = 'rest'\nurl = 'https://op.example/decide'\n";
        for (more, complaint_part) in [
            (format!("{OAUTH}{OAUTH}"), "two `authn` endpoints have the id `oauth2`"),
            (
                format!("[mvpds.authz]\n{rest}transport = {{ questions_max = 0 }}"),
                "`questions_max` is at least 1",
            ),
            (
                format!("[mvpds.authz]\n{rest}transport = {{ client_key = 'x' }}"),
                "`client_certificate` and `client_key` go together",
            ),
            (
                format!("[mvpds.authz]\n{rest}status_map = {{ x = 'no_such_code' }}"),
                "unknown variant `no_such_code`",
            ),
            (
                "[mvpds.authz]\nprotocol = 'xacml_soap'\nurl = 'https://op.example'\nskew = '11m'"
                    .to_owned(),
                "a `skew` is at most 10 minutes",
            ),
            ("proxy = 'Op'".to_owned(), "a proxied MVPD, and no other, names its `proxy`"),
            ("kind = 'proxied'".to_owned(), "a proxied MVPD, and no other, names its `proxy`"),
            (
                "[[integrations]]\nservice_provider = 'ONE'\nmvpd = 'Other'\n\
                 endpoints = { authn = 'saml2' }\n[[mvpds]]\nid = 'Other'\ndisplay_name = 'Other'\n\
                 logo_url = 'https://op.example/logo.svg'"
                    .to_owned(),
                "the MVPD has no `authn` endpoint `saml2`",
            ),
        ] {
            let complaint = complaint(&more);
            assert!(complaint.contains(complaint_part), "{complaint_part}: {complaint}");
        }
    }
}
