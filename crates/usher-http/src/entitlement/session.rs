//! The answer to creating and resuming a session (`pass-rest-v2` §7.2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use usher_core::{MvpdId, ServiceProviderId, Timestamp};
use usher_entitle::{
    AuthorizeReason, Fallback, NextStep, ParameterName, PlatformPartner, PlatformRequest,
    SessionAnswer, Ticket,
};

/// What stands for itself in a path segment (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What an application did to get the answer.
#[derive(Clone, Copy)]
pub(super) enum Occasion {
    /// It created the session.
    Created,
    /// It resumed the session.
    Resumed,
    /// It asked for a sign-in through a framework, which is not possible.
    FellBack(Fallback),
}

impl Occasion {
    /// What a session that still lacks parameters is answered with.
    const fn lacking(self) -> &'static str {
        match self {
            Self::Created | Self::FellBack(_) => "resume",
            Self::Resumed => "retry",
        }
    }

    const fn reason_type(self) -> &'static str {
        match self {
            Self::Created | Self::Resumed => "none",
            Self::FellBack(Fallback::MissingParameters) => "missing_parameters_fallback",
            Self::FellBack(Fallback::Status) => "pfs_fallback",
            Self::FellBack(Fallback::Configuration) => "configuration_fallback",
        }
    }
}

/// The name of a parameter on the wire.
pub(super) const fn name(parameter: ParameterName) -> &'static str {
    match parameter {
        ParameterName::Mvpd => "mvpd",
        ParameterName::DomainName => "domainName",
        ParameterName::RedirectUrl => "redirectUrl",
    }
}

/// An instant as session answers write it: text, unlike everywhere else.
pub(super) fn instant(at: Timestamp) -> Value {
    at.as_millis().to_string().into()
}

pub(super) fn body(
    channel: &ServiceProviderId,
    answer: &SessionAnswer,
    occasion: Occasion,
) -> Value {
    let mut members = Map::new();
    match &answer.next {
        NextStep::Authorize(reason) => {
            let url = authorize_path(channel, answer.mvpd.as_ref());
            act(&mut members, ("authorize", "direct", reason_type(*reason)), &url);
        }
        NextStep::Authenticate(ticket) => {
            let path =
                format!("/api/v2/authenticate/{}/{}", segment(channel.as_str()), ticket.code);
            act(&mut members, ("authenticate", "interactive", occasion.reason_type()), &path);
            tell(&mut members, ticket);
        }
        NextStep::Supply(ticket, missing) => {
            let path = format!("/api/v2/{}/sessions/{}", segment(channel.as_str()), ticket.code);
            act(&mut members, (occasion.lacking(), "direct", occasion.reason_type()), &path);
            let missing: Vec<_> = missing.iter().map(|parameter| name(*parameter)).collect();
            members.insert("missingParameters".to_owned(), json!(missing));
            tell(&mut members, ticket);
        }
    }
    identify(&mut members, channel, (&answer.session_id, answer.mvpd.as_ref()));
    members.into()
}

/// The answer that hands a request to the platform partner's framework (`pass-rest-v2` §12.1).
pub(super) fn framework(
    channel: &ServiceProviderId,
    partner: PlatformPartner,
    (session_id, mvpd): (&str, &MvpdId),
    request: &PlatformRequest,
) -> Value {
    let mut members = Map::new();
    let url = format!("/api/v2/{}/profiles/sso/{}", segment(channel.as_str()), partner.as_str());
    act(&mut members, ("partner_profile", "direct", "none"), &url);
    let request = json!({
        "type": "saml",
        "request": request.request,
        "attributesNames": request.attribute_names,
    });
    members.insert("authenticationRequest".to_owned(), request);
    identify(&mut members, channel, (session_id, Some(mvpd)));
    members.into()
}

fn identify(
    members: &mut Map<String, Value>,
    channel: &ServiceProviderId,
    (session_id, mvpd): (&str, Option<&MvpdId>),
) {
    members.insert("sessionId".to_owned(), json!(session_id));
    if let Some(mvpd) = mvpd {
        members.insert("mvpd".to_owned(), json!(mvpd.as_str()));
    }
    members.insert("serviceProvider".to_owned(), json!(channel.as_str()));
}

fn act(members: &mut Map<String, Value>, (name, kind, reason): (&str, &str, &str), url: &str) {
    members.extend([
        ("actionName".to_owned(), json!(name)),
        ("actionType".to_owned(), json!(kind)),
        ("reasonType".to_owned(), json!(reason)),
        ("url".to_owned(), json!(url)),
    ]);
}

fn tell(members: &mut Map<String, Value>, ticket: &Ticket) {
    members.extend([
        ("code".to_owned(), json!(ticket.code.as_str())),
        ("notBefore".to_owned(), instant(ticket.not_before)),
        ("notAfter".to_owned(), instant(ticket.not_after)),
    ]);
}

const fn reason_type(reason: AuthorizeReason) -> &'static str {
    match reason {
        AuthorizeReason::Authenticated => "authenticated",
        AuthorizeReason::AuthenticatedSso => "authenticatedSSO",
        AuthorizeReason::Temporary => "temporary",
        AuthorizeReason::Degraded => "degraded",
    }
}

fn authorize_path(channel: &ServiceProviderId, mvpd: Option<&MvpdId>) -> String {
    let mvpd = mvpd.map(MvpdId::as_str).unwrap_or_default();
    format!("/api/v2/{}/decisions/authorize/{}", segment(channel.as_str()), segment(mvpd))
}

fn segment(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, SEGMENT)
}
