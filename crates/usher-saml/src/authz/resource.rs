//! Resources as attributes of a query (`mvpd` §10.3).

use super::{Attribute, id};
use crate::mrss::{Rating, Resource};

/// What a provider understands as a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceFormat {
    /// The channel's name and nothing else.
    #[default]
    ChannelOnly,
    /// Channel, item, title and rating.
    Structured,
}

/// How the scheme of a rating ends its attribute id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RatingStyle {
    /// `vchip`, `mpaa`.
    #[default]
    Short,
    /// `urn:v-chip`, `urn:mpaa`.
    Urn,
}

/// The configured attribute ids. The defaults are spelled as they are on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceNames {
    /// What the provider understands.
    pub format: ResourceFormat,
    /// The channel.
    pub tv_network: String,
    /// The name space of the item's id: the channel, too.
    pub namespace: String,
    /// The item's title.
    pub title: String,
    /// The beginning of the rating's id.
    pub rating: String,
    /// Its end.
    pub rating_style: RatingStyle,
}

impl Default for ResourceNames {
    fn default() -> Self {
        let content = |name| format!("urn:cablelabs:ocla:1.0:attribute:content:{name}");
        Self {
            format: ResourceFormat::ChannelOnly,
            tv_network: content("tv-network"),
            namespace: content("id:namespace"),
            title: content("title"),
            rating: content("rating"),
            rating_style: RatingStyle::Short,
        }
    }
}

impl ResourceNames {
    /// The attributes that tell the provider which resource is meant.
    pub fn attributes(&self, resource: &Resource) -> Vec<Attribute> {
        let channel = resource.channel.as_str();
        if self.format == ResourceFormat::ChannelOnly {
            return vec![Attribute::string(id::RESOURCE, channel)];
        }
        let network = Attribute::string(&self.tv_network, channel);
        if !resource.is_document {
            return vec![network, Attribute::string(id::RESOURCE, channel)];
        }
        let rating = resource.rating.as_ref().map(|rating| self.rating(rating));
        let title = resource.title.as_ref().map(|title| Attribute::string(&self.title, title));
        [
            network,
            Attribute::string(id::RESOURCE, self.id(resource)),
            Attribute::string(&self.namespace, channel),
        ]
        .into_iter()
        .chain(rating)
        .chain(title)
        .collect()
    }

    /// The id the provider's answer will repeat.
    pub fn id<'r>(&self, resource: &'r Resource) -> &'r str {
        match (self.format, &resource.guid) {
            (ResourceFormat::Structured, Some(guid)) => guid,
            _ => &resource.channel,
        }
    }

    fn rating(&self, rating: &Rating) -> Attribute {
        let scheme = rating.scheme.as_deref().unwrap_or("urn:v-chip");
        let token = match (self.rating_style, scheme) {
            (RatingStyle::Short, "urn:v-chip") => "vchip",
            (RatingStyle::Short, "urn:mpaa") => "mpaa",
            (_, scheme) => scheme,
        };
        Attribute::string(format!("{}:{token}", self.rating), &rating.label)
    }
}
