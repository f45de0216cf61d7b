//! What the catalog itself tells: channels, lifetimes, metadata.

use usher_registry::{AuthnProtocol, Mvpd, PlatformCategory, ServiceProvider, Snapshot};

use super::Report;

pub(super) fn check(report: &mut Report, snapshot: &Snapshot, mvpd: &Mvpd, speaker: &Mvpd) {
    if speaker.authn.is_empty() {
        report.problem("it has no `authn` endpoint: nobody can sign in");
    }
    if speaker.authz.is_empty() {
        report.problem("it has no `authz` endpoint: nobody may watch");
    }
    let zip = mvpd.metadata.get("zip").or_else(|| speaker.metadata.get("zip"));
    if zip.is_some_and(|rule| rule.enabled && !rule.encrypted) {
        report
            .problem("the metadata key `zip` leaves unencrypted: set `zip = { encrypted = true }`");
    }
    let mut channels: Vec<_> = snapshot.service_providers().collect();
    channels.sort_by(|one, other| one.id.cmp(&other.id));
    let integrated: Vec<_> = channels
        .into_iter()
        .filter(|channel| snapshot.integration(&channel.id, &mvpd.id).is_some())
        .collect();
    if integrated.is_empty() {
        report.advice("no channel works with it: add `[[integrations]]`");
        return;
    }
    let names: Vec<_> = integrated.iter().map(|channel| channel.id.as_str()).collect();
    report.good(format!("channels: {}", names.join(", ")));
    for channel in integrated {
        report.about = format!("channel {}", channel.id);
        integration(report, snapshot, channel, (mvpd, speaker));
    }
}

fn integration(
    report: &mut Report,
    snapshot: &Snapshot,
    channel: &ServiceProvider,
    (mvpd, speaker): (&Mvpd, &Mvpd),
) {
    let Some(integration) = snapshot.integration(&channel.id, &mvpd.id) else { return };
    let settings = snapshot.settings(integration, PlatformCategory::Unidentified, None);
    if settings.authz_ttl().is_none() {
        report.advice(
            "there is no `authz_ttl`: a permit that does not say how long it lasts is lost",
        );
    }
    let chosen = speaker.authn.chosen(integration.endpoints.authn.as_deref());
    let Some(endpoint) = chosen else { return };
    match &endpoint.protocol {
        AuthnProtocol::Oauth2(oauth) => {
            if integration.client_id.is_none() || integration.client_secret.is_none() {
                report.problem("it has no `client_id` or no `client_secret` for the provider");
            }
            if settings.authn_ttl().is_none() && oauth.refresh_ttl.is_none() {
                report
                    .problem("neither `authn_ttl` nor `refresh_ttl` says how long a sign-in lasts");
            }
        }
        AuthnProtocol::Saml2(_) => {
            if settings.authn_ttl().is_none() {
                report
                    .advice("there is no `authn_ttl`: sign-ins last as long as the provider says");
            }
        }
    }
}
