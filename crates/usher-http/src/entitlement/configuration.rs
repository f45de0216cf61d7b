//! `GET /api/v2/{sp}/configuration` (`pass-rest-v2` §6).

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use usher_entitle::{Configuration, ConfiguredMvpd};

use super::answer::Json;
use super::call::DescribedCall;
use crate::App;

/// The providers of a channel. Depends on channel and platform only, so clients may keep it a while.
pub(super) fn get(app: &App, DescribedCall(call): DescribedCall) -> Response {
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=120")),
        (header::VARY, HeaderValue::from_static("X-Device-Info, User-Agent")),
    ];
    let mut response = Json::of(&body(&app.entitlement.configuration(&call))).into_response();
    response.headers_mut().extend(headers.map(|(name, value)| (Some(name), value)));
    response
}

fn body(configuration: &Configuration) -> Value {
    let channel = &configuration.service_provider;
    let domains: Vec<_> = channel
        .domains
        .iter()
        .map(|domain| json!({ "name": domain.name, "mvpdInitiated": domain.mvpd_initiated }))
        .collect();
    let mvpds: Vec<_> = configuration.mvpds.iter().map(mvpd).collect();
    json!({
        "device": configuration.platform.name.unwrap_or("unknown"),
        "clientType": "html5",
        "os": configuration.platform.os_family.as_deref().unwrap_or("Unknown"),
        "platformCategory": configuration.platform.category.as_str(),
        "time": configuration.time.as_millis(),
        "requestor": {
            "id": channel.id.as_str(),
            "name": channel.name,
            "domains": domains,
            "mvpds": mvpds,
        },
    })
}

/// Temporary passes always are (`access-variants` P11).
fn per_aggregator(configured: &ConfiguredMvpd) -> Option<bool> {
    configured.is_temp_pass().then_some(true).or(configured.auth_per_aggregator)
}

fn mvpd(configured: &ConfiguredMvpd) -> Value {
    let mut members = Map::from_iter([
        ("id".to_owned(), json!(configured.mvpd.id.as_str())),
        ("displayName".to_owned(), json!(configured.mvpd.display_name)),
        ("logoUrl".to_owned(), json!(configured.mvpd.logo_url.as_str())),
    ]);
    let flags = [
        ("isTempPass", configured.is_temp_pass().then_some(true)),
        ("isProxy", configured.is_proxied().then_some(true)),
        ("authPerAggregator", per_aggregator(configured)),
        ("authPerBrowserSession", configured.auth_per_browser_session),
        ("passiveAuthnEnabled", configured.passive_authn_enabled),
    ];
    for (name, flag) in flags {
        members.extend(flag.map(|flag| (name.to_owned(), json!(flag))));
    }
    if let Some(frame) = configured.mvpd.iframe {
        members.extend([
            ("iFrameRequired".to_owned(), json!(true)),
            ("iFrameWidth".to_owned(), json!(frame.width)),
            ("iFrameHeight".to_owned(), json!(frame.height)),
        ]);
    }
    if let Some(partner) = &configured.partner_sso {
        members.extend([
            ("enablePlatformServices".to_owned(), json!(partner.enabled)),
            ("boardingStatus".to_owned(), json!(partner.boarding_status)),
            ("displayInPlatformPicker".to_owned(), json!(partner.display_in_picker)),
            ("platformMappingId".to_owned(), json!(partner.mapping_id)),
            ("enforcePlatformPermissions".to_owned(), json!(partner.enforce_permissions)),
        ]);
    }
    members.into()
}
