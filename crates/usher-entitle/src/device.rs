//! What an application says about the device it runs on (`X-Device-Info`, `pass-rest-v2` §3.3).
//!
//! Nothing here is ever a reason to refuse a request: members that are missing, misspelt or of the
//! wrong type are unknown.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::user_agents::{AgentWords, UserAgents};

/// Longest value kept of a member, in bytes; longer ones are cut.
const VALUE_BYTES_MAX: usize = 256;

macro_rules! device_info {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// A device as its application describes it. Every member may be unknown.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct DeviceInfo {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
                pub $field: Option<String>,
            )*
            /// Whether the device's connection is encrypted.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_flag")]
            pub connection_secure: Option<bool>,
            /// The `User-Agent` header of the call, whatever the application claims.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
            pub original_user_agent: Option<String>,
            /// What the user agent tells; what the application says itself comes first.
            #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient_words")]
            pub agent: Option<Arc<AgentWords>>,
        }
    };
}

device_info! {
    /// Kind of device; some applications send it as `type`.
    #[serde(alias = "type")]
    primary_hardware_type,
    /// Model.
    model,
    /// Version of the device.
    version,
    /// Who built it.
    manufacturer,
    /// Who sells it.
    vendor,
    /// Operating system.
    os_name,
    /// Its family.
    os_family,
    /// Who made it.
    os_vendor,
    /// Its version.
    os_version,
    /// Browser.
    browser_name,
    /// Who made it.
    browser_vendor,
    /// Its version.
    browser_version,
    /// What the device calls itself towards web servers.
    user_agent,
    /// Pixels across.
    display_width,
    /// Pixels down.
    display_height,
    /// Pixels per inch.
    display_ppi,
    /// Inches from corner to corner.
    diagonal_screen_size,
    /// The device's own address.
    connection_ip,
    /// The device's own port.
    connection_port,
    /// Kind of network.
    connection_type,
    /// The application's id in its store.
    application_id,
}

impl DeviceInfo {
    /// Reads the JSON document `json`; nothing when it is no JSON object.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let object: Value = serde_json::from_slice(json).ok().filter(Value::is_object)?;
        let said: Self = serde_json::from_value(object).ok()?;
        // Only the call itself may say what its `User-Agent` was, and nobody what it means.
        Some(Self { original_user_agent: None, agent: None, ..said })
    }

    /// The same device, called from with this `User-Agent` header.
    #[must_use]
    pub fn calling_as(self, user_agent: Option<&str>, agents: &UserAgents) -> Self {
        let told = Self { original_user_agent: user_agent.and_then(kept), ..self };
        let agent = Some(told.any_user_agent()).filter(|agent| !agent.is_empty());
        Self { agent: agent.map(|agent| agents.read(agent)), ..told }
    }

    /// The name of the operating system, from the application or the user agent.
    pub fn any_os_name(&self) -> Option<&str> {
        self.os_name.as_deref().or_else(|| self.agent.as_ref()?.os_name.as_deref())
    }

    /// The version of the operating system, from whoever named the system.
    pub fn any_os_version(&self) -> Option<&str> {
        let told = self.agent.as_ref().filter(|_| self.os_name.is_none());
        self.os_version.as_deref().or_else(|| told?.os_version.as_deref())
    }

    /// The name of the browser, from the application or the user agent.
    pub fn any_browser_name(&self) -> Option<&str> {
        self.browser_name.as_deref().or_else(|| self.agent.as_ref()?.browser_name.as_deref())
    }

    /// The version of the browser, from whoever named the browser.
    pub fn any_browser_version(&self) -> Option<&str> {
        let told = self.agent.as_ref().filter(|_| self.browser_name.is_none());
        self.browser_version.as_deref().or_else(|| told?.browser_version.as_deref())
    }

    /// What is known of the user agent: the application's word first.
    pub(crate) fn any_user_agent(&self) -> &str {
        self.user_agent.as_deref().or(self.original_user_agent.as_deref()).unwrap_or_default()
    }
}

fn lenient<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::String(text) => kept(&text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn lenient_flag<'de, D: Deserializer<'de>>(source: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    })
}

fn lenient_words<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Arc<AgentWords>>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(source)?).ok())
}

/// `text` without control characters, cut to a sensible length; nothing when nothing is left to read.
fn kept(text: &str) -> Option<String> {
    let mut kept: String = text.chars().filter(|character| !character.is_control()).collect();
    kept.truncate(kept.floor_char_boundary(VALUE_BYTES_MAX));
    Some(kept).filter(|kept| !kept.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_whatever_form_they_have() {
        let json = br#"{"type":"SetTopBox","model":"Box 9","displayWidth":1920,"displayPpi":"32",
            "connectionSecure":"true","osName":["?"],"osVersion":"","other":{}}"#;
        let info = DeviceInfo::from_json(json).unwrap();
        assert_eq!(info.primary_hardware_type.as_deref(), Some("SetTopBox"));
        assert_eq!(info.display_width.as_deref(), Some("1920"));
        assert_eq!(info.display_ppi.as_deref(), Some("32"));
        assert_eq!(info.connection_secure, Some(true));
        assert_eq!((info.os_name, info.os_version), (None, None));
    }

    #[test]
    fn what_is_no_object_says_nothing() {
        for text in ["", "[]", "7", "\"x\"", "{\"model\":", "{\"a\":1 \"b\":2}"] {
            assert_eq!(DeviceInfo::from_json(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_application_cannot_forge_the_header_of_the_call() {
        let forged = br#"{"originalUserAgent":"forged","agent":{"osName":"tvOS"}}"#;
        let info = DeviceInfo::from_json(forged).unwrap();
        assert_eq!(info, DeviceInfo::default());
        let calling = info.calling_as(Some("real"), &UserAgents::default());
        assert_eq!(calling.original_user_agent.as_deref(), Some("real"));
    }

    #[test]
    fn what_has_nothing_to_read_is_not_said() {
        let agents = UserAgents::default();
        let json = br#"{"model":"","osName":" ","osVersion":"\u0001","vendor":"\u0001 "}"#;
        let info = DeviceInfo::from_json(json).unwrap();
        assert_eq!(info.calling_as(Some(""), &agents), DeviceInfo::default());
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let json = serde_json::json!({ "model": "é".repeat(300) }).to_string();
        let model = DeviceInfo::from_json(json.as_bytes()).unwrap().model.unwrap();
        assert_eq!(model.len(), 256);
    }
}
