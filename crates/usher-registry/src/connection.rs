//! Properties of a connection to a provider that an MVPD, an endpoint or an integration may set
//! (`console` §6.3, those for connectors). The last one that sets a property wins.

use serde::Deserialize;

/// How a provider learns which brand asks (`mvpd` §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoping {
    /// By a suffix of our entity id.
    #[default]
    Issuer,
    /// By `RequesterID`.
    RequesterId,
    /// By both.
    Both,
    /// Not at all.
    None,
}

macro_rules! properties {
    ($($(#[$doc:meta])* $property:ident: $kind:ty,)*) => {
        /// Properties of a connection, as far as one level sets them.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Connection {
            $($(#[$doc])* pub $property: Option<$kind>,)*
        }

        impl Connection {
            /// These properties, with those that `level` sets in their place.
            fn overlay(&mut self, level: &Self) {
                $(if level.$property.is_some() { self.$property.clone_from(&level.$property); })*
            }
        }
    };
}

properties! {
    /// The SAML attribute that names the viewer; the name identifier when nobody sets it.
    authn_guid_attribute_name: String,
    /// How the provider learns which brand asks.
    sp_scoping: Scoping,
    /// Let viewers prove who they are even when the provider knows them.
    force_authn: bool,
    /// OAuth: the parameter that says so.
    force_authn_parameter_name: String,
    /// OAuth: its value.
    force_authn_parameter_value: String,
    /// The XACML attribute with the name space of an item.
    authz_attribute_namespace: String,
    /// The beginning of the XACML attribute with an item's rating.
    authz_attribute_rating: String,
    /// The XACML attribute with an item's title.
    authz_attribute_title: String,
    /// The XACML attribute with the channel.
    authz_attribute_tv_network: String,
    /// Tell the viewer's address.
    include_xacml_request_ip_info: bool,
    /// In this attribute.
    xacml_request_ip_info_attribute_id: String,
    /// Of this data type.
    xacml_request_ip_info_attribute_data_type: String,
    /// Tell the device's user agent.
    include_xacml_request_user_agent_info: bool,
    /// In this attribute.
    xacml_request_user_agent_info_attribute_id: String,
    /// Of this data type.
    xacml_request_user_agent_info_attribute_data_type: String,
}

impl Connection {
    /// What holds when `levels` are laid over one another, the most general first.
    pub fn resolve<'c>(levels: impl IntoIterator<Item = &'c Self>) -> Self {
        let mut effective = Self::default();
        for level in levels {
            effective.overlay(level);
        }
        effective
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_level_that_sets_a_property_wins() {
        let mvpd = Connection { force_authn: Some(true), ..Connection::default() };
        let integration = Connection {
            force_authn: Some(false),
            authn_guid_attribute_name: Some("uid".into()),
            ..Connection::default()
        };
        let resolved = Connection::resolve([&mvpd, &Connection::default(), &integration]);
        assert_eq!(resolved, integration);
        assert_eq!(Connection::resolve([&mvpd]), mvpd);
    }
}
