//! The endpoints an MVPD offers for one flow, of which an integration uses one (`mvpd` D2).

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::settings::SettingsTable;

/// One way to talk to an MVPD: what every endpoint has, and the protocol it speaks.
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoint<P> {
    /// Its id among the endpoints of the flow; the protocol's name when it has none.
    #[serde(default)]
    id: Option<String>,
    /// Settings that hold where it is used (`mvpd` §4, level 2).
    #[serde(default)]
    pub settings: SettingsTable,
    /// Properties of the connection to it.
    #[serde(default)]
    pub connection: Connection,
    /// What is spoken there.
    #[serde(flatten)]
    pub protocol: P,
}

/// What is spoken at an endpoint.
pub trait Protocol {
    /// Its name in catalogs.
    fn name(&self) -> &'static str;
}

impl<P: Protocol> Endpoint<P> {
    /// Its id among the endpoints of the flow.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_else(|| self.protocol.name())
    }
}

impl<P> From<P> for Endpoint<P> {
    fn from(protocol: P) -> Self {
        let (settings, connection) = (SettingsTable::default(), Connection::default());
        Self { id: None, settings, connection, protocol }
    }
}

/// Endpoints of one flow; the first is the default of integrations that choose none.
///
/// In a catalog: one table (`[mvpds.authn]`), or several (`[[mvpds.authn]]`).
#[derive(Clone, Debug)]
pub struct Endpoints<P>(Vec<Endpoint<P>>);

impl<P> Default for Endpoints<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P> From<P> for Endpoints<P> {
    fn from(only: P) -> Self {
        Self(vec![only.into()])
    }
}

impl<P> Endpoints<P> {
    /// Are there none?
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, the default first.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint<P>> {
        self.0.iter()
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Endpoint<P>> {
        self.0.iter_mut()
    }
}

impl<P: Protocol> Endpoints<P> {
    /// The endpoint `id`.
    pub fn get(&self, id: &str) -> Option<&Endpoint<P>> {
        self.iter().find(|endpoint| endpoint.id() == id)
    }

    /// The endpoint that was `chosen`; the default if nothing was.
    pub fn chosen(&self, chosen: Option<&str>) -> Option<&Endpoint<P>> {
        match chosen {
            Some(id) => self.get(id),
            None => self.0.first(),
        }
    }
}

impl<'de, P: Deserialize<'de>> Deserialize<'de> for Endpoints<P> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(OneOrMany(PhantomData))
    }
}

/// Unlike an untagged enum it keeps the messages about what is wrong inside.
struct OneOrMany<P>(PhantomData<P>);

impl<'de, P: Deserialize<'de>> Visitor<'de> for OneOrMany<P> {
    type Value = Endpoints<P>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an endpoint or a list of endpoints")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Endpoint::deserialize(MapAccessDeserializer::new(map)).map(|only| Endpoints(vec![only]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Endpoints)
    }
}

/// The endpoints of each flow an integration uses (`mvpd` D2), and a sign-in remembers (`mvpd` M2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChosenEndpoints {
    /// Where viewers sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authn: Option<String>,
    /// Where it is asked whether they may watch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authz: Option<String>,
    /// Where they sign out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logout: Option<String>,
}
