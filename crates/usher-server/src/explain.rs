//! An explanation in words.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde::Deserialize as _;
use serde_json::Value;
use usher_core::Timestamp;
use usher_entitle::{
    ExchangeNote, Explanation, GroundNote, Lifetime, Measure, PassNote, PermitNote, Purpose,
    ResourceNote, RuleNote, SignInNote, SsoMethod, ViewerNote, ViewerStanding,
};

/// The document of the admin API, told for a person.
pub fn told(document: &Value) -> Result<String> {
    let explanation = Explanation::deserialize(document).context("the server's explanation")?;
    let shown = document.get("resources").and_then(Value::as_array);
    let code = |at: usize| shown.and_then(|shown| shown.get(at)?.get("code")?.as_str());
    let mut lines = head(&explanation);
    lines.extend(viewer(&explanation.viewer));
    for (at, note) in explanation.resources.iter().enumerate() {
        lines.push(String::new());
        lines.extend(resource(note, code(at)));
    }
    for (at, note) in explanation.exchanges.iter().enumerate() {
        lines.push(String::new());
        lines.extend(exchange(at + 1, note));
    }
    Ok(lines.join("\n") + "\n")
}

fn head(explanation: &Explanation) -> Vec<String> {
    let purpose = match explanation.purpose {
        Purpose::Preauthorize => "preauthorize",
        Purpose::Authorize => "authorize",
    };
    let proxy = explanation.proxy.as_ref().map(|proxy| format!(" behind {proxy}"));
    let application = explanation.application.as_ref().map_or("unknown", |it| it.as_str());
    vec![
        format!("trace {}", explanation.trace),
        format!("  {}, answered after {} ms", instant(explanation.at), explanation.took_ms),
        format!(
            "  {purpose} for {} at {}{}",
            explanation.service_provider,
            explanation.mvpd,
            proxy.unwrap_or_default()
        ),
        format!(
            "  application {application} (client {}) on {}, catalog as of {}",
            explanation.client,
            explanation.platform,
            instant(explanation.catalog)
        ),
        String::new(),
    ]
}

fn viewer(viewer: &ViewerNote) -> Vec<String> {
    let standing = match viewer.standing {
        ViewerStanding::SignedIn => "signed in",
        ViewerStanding::NotSignedIn => "nobody is signed in on this device",
        ViewerStanding::Expired => "the sign-in has expired",
        ViewerStanding::Ended => "the sign-in was ended by the provider or an operator",
        ViewerStanding::Temporary => "on a temporary pass; nobody has to sign in",
    };
    let user = viewer.user.as_ref().map(|user| format!(" {user}:")).unwrap_or_default();
    let mut lines = vec![format!("viewer{user} {standing}")];
    lines.extend(viewer.sign_in.iter().map(sign_in));
    lines
}

fn sign_in(note: &SignInNote) -> String {
    let mut line = format!("  since {} until {}", instant(note.since), instant(note.until));
    match note.home_based {
        Some(true) => line += ", from home",
        Some(false) => line += ", not from home",
        None => {}
    }
    if let Some(framework) = note.framework {
        let _ = write!(line, ", through the framework of {}", framework.as_str());
    }
    match note.shared_by {
        Some(SsoMethod::Platform) => line += ", shared by platform identity",
        Some(SsoMethod::ServiceToken) => line += ", shared by service token",
        None => {}
    }
    let _ = write!(line, " (session {} of {})", note.session, note.service_provider);
    line
}

fn resource(note: &ResourceNote, code: Option<&str>) -> Vec<String> {
    let outcome = match (note.permitted, code) {
        (true, _) => "permitted".to_owned(),
        (false, Some(code)) => format!("refused, {code}"),
        (false, None) => "refused".to_owned(),
    };
    let mut lines = vec![format!("{}: {outcome}", printable(&note.resource))];
    lines.push(format!("  {}", ground(&note.ground)));
    lines.extend(note.details.iter().map(|text| format!("  viewers read: {}", printable(text))));
    lines.extend(note.permit.iter().map(permit));
    lines.extend(note.token_until.map(|end| format!("  media token until {}", instant(end))));
    lines
}

fn ground(ground: &GroundNote) -> String {
    match ground {
        GroundNote::Unasked => "nobody had to be asked".to_owned(),
        GroundNote::Rule(rule) => ruled(rule),
        GroundNote::Remembered { trace } => {
            format!("remembered: decided for trace {trace}, and still good")
        }
        GroundNote::Together => "answered together with the same question of another request, \
             which asked the provider at this moment"
            .to_owned(),
        GroundNote::Provider { took_ms, exchanges } => {
            let calls: Vec<_> = exchanges.iter().map(|at| (at + 1).to_string()).collect();
            match calls.as_slice() {
                [] => format!("the provider's side decided after {took_ms} ms, without a call"),
                calls => {
                    format!("the provider answered after {took_ms} ms, call {}", calls.join(", "))
                }
            }
        }
        GroundNote::Guard => {
            "the provider was spared: it has said no to this several times in the \
             last seconds"
                .to_owned()
        }
        GroundNote::Dummy => "the integration is a dummy: it permits everything".to_owned(),
        GroundNote::NoPreflight => {
            "the provider is not asked beforehand: its preflight mode is `none`".to_owned()
        }
        GroundNote::LineUp { channels } => {
            format!("by the line-up of {channels} channels that came with the sign-in")
        }
        GroundNote::Pass(pass) => passed(pass),
    }
}

fn ruled(rule: &RuleNote) -> String {
    let measure = match rule.measure {
        Measure::AuthnAll => "AuthNAll",
        Measure::AuthzAll => "AuthZAll",
        Measure::AuthzNone => "AuthZNone",
    };
    let target = rule.target.as_ref().map(|it| format!(" about {it}")).unwrap_or_default();
    let (mvpd, since, until) = (&rule.mvpd, instant(rule.since), instant(rule.until));
    format!("degradation rule {measure} for {mvpd}{target}, in force from {since} to {until}")
}

fn passed(pass: &PassNote) -> String {
    let used = pass.used;
    match (pass.since, pass.until) {
        (Some(since), Some(until)) => {
            let (since, until) = (instant(since), instant(until));
            format!("the trial began {since} and ends {until}; {used} resources used")
        }
        _ => "the trial has not begun yet".to_owned(),
    }
}

fn permit(permit: &PermitNote) -> String {
    let by = match permit.by {
        Lifetime::Deployment => "the setting entitlement.authz_ttl",
        Lifetime::Provider => "the provider's answer",
        Lifetime::Integration => "the integration's settings",
        Lifetime::SignIn => "the end of the sign-in",
        Lifetime::Rule => "the end of the rule",
        Lifetime::Trial => "the end of the trial",
    };
    format!("  good from {} to {}, by {by}", instant(permit.since), instant(permit.until))
}

fn exchange(number: usize, note: &ExchangeNote) -> Vec<String> {
    let outcome = match (note.status, &note.failure) {
        (Some(status), _) => format!("HTTP {status}"),
        (None, Some(failure)) => format!("no answer ({})", printable(failure)),
        (None, None) => "no answer".to_owned(),
    };
    let mut lines = vec![
        format!("call {number}: {} to {}", note.protocol, printable(&note.address)),
        format!("  endpoint {}, {outcome} after {} ms", printable(&note.endpoint), note.took_ms),
    ];
    for (what, text) in [("asked", &note.asked), ("answer", &note.answer)] {
        if !text.is_empty() {
            lines.push(format!("  {what}:"));
            lines.extend(text.lines().map(|line| format!("    {}", printable(line))));
        }
    }
    lines
}

/// `text` without what could command a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

fn instant(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(instant) => format!("{instant:.3}"),
        Err(_) => format!("{} ms", at.as_millis()),
    }
}
