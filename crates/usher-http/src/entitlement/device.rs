//! The `device` object (`pass-rest-v2` §7.4): the only place of this API with explicit nulls.

use serde_json::{Value, json};
use usher_entitle::Origin;

pub(super) fn body(origin: &Origin) -> Value {
    let info = &origin.device_info;
    let kind = info.primary_hardware_type.as_deref().unwrap_or("Unknown");
    let agent = info.user_agent.as_ref().or(info.original_user_agent.as_ref());
    json!({
        "type": kind,
        "model": info.model,
        "version": version(info.version.as_deref()),
        "hardware": {
            "name": null,
            "vendor": info.vendor,
            "version": version(None),
            "manufacturer": info.manufacturer,
        },
        "operatingSystem": {
            "name": info.any_os_name(),
            "family": info.os_family,
            "vendor": info.os_vendor,
            "version": version(info.any_os_version()),
        },
        "browser": {
            "name": info.any_browser_name(),
            "vendor": info.browser_vendor,
            "version": version(info.any_browser_version()),
            "userAgent": agent,
            "originalUserAgent": info.original_user_agent,
        },
        "display": {
            "width": number(info.display_width.as_deref()),
            "height": number(info.display_height.as_deref()),
            "ppi": number(info.display_ppi.as_deref()),
            "name": "DISPLAY",
            "vendor": null,
            "version": null,
            "diagonalSize": info.diagonal_screen_size,
        },
        "applicationId": info.application_id,
        "connection": connection(origin),
    })
}

fn connection(origin: &Origin) -> Value {
    let info = &origin.device_info;
    let address = info.connection_ip.clone().or(origin.client_ip.map(|ip| ip.to_string()));
    let port = info.connection_port.clone().or(origin.client_port.map(|port| port.to_string()));
    json!({
        "ipAddress": address,
        "port": port,
        "secure": info.connection_secure.unwrap_or(false),
        "type": info.connection_type,
    })
}

fn number(text: Option<&str>) -> u64 {
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// `major.minor.patch`; what follows is the profile.
fn version(text: Option<&str>) -> Value {
    let mut rest = text.unwrap_or_default().trim();
    let mut next = || {
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at_checked(end).unwrap_or_default();
        let Ok(number) = digits.parse::<u32>() else { return 0 };
        rest = after.strip_prefix('.').unwrap_or(after);
        number
    };
    let (major, minor, patch) = (next(), next(), next());
    let profile = rest.trim_start_matches(['-', '_', ' ', '+']);
    json!({ "major": major, "minor": minor, "patch": patch, "profile": profile })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_split_as_far_as_they_are_numbers() {
        let split = |text| version(Some(text)).to_string();
        assert_eq!(split("5.10"), r#"{"major":5,"minor":10,"patch":0,"profile":""}"#);
        assert_eq!(split("12.1.3-beta"), r#"{"major":12,"minor":1,"patch":3,"profile":"beta"}"#);
        assert_eq!(split("Tiramisu"), r#"{"major":0,"minor":0,"patch":0,"profile":"Tiramisu"}"#);
        assert_eq!(version(None), version(Some("")));
    }
}
