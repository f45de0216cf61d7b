//! Events taken apart for storage: what classifies them, and what is each one's own.
//!
//! Most attributes of an event say what *kind* of event it is: there are few combinations of them, and a
//! store keeps each combination once. What remains is the instant, one number and a few texts. The names
//! are those of event files, so that a stored column needs no explanation of its own.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use usher_core::Timestamp;
use usher_cube::{Api, DimSet, Marks, Schema, Step};

use crate::{
    EntitlementEvent, EntitlementEventName, Event, StreamEvent, StreamEventName, Text, cmu, esm,
};

/// How the events of one API are laid out.
#[derive(Debug)]
pub struct Layout {
    /// Which API.
    pub api: Api,
    /// Attributes that classify events.
    pub kind: &'static [&'static str],
    /// Those of them that change from event to event of one viewer on one device.
    pub volatile: &'static [&'static str],
    /// Those of them without which nobody knows what an event counts for, and for whom.
    pub deciding: &'static [&'static str],
    /// Texts of each event's own: whose it is, the session, and two more.
    pub own: [&'static str; OWN],
    /// The number: milliseconds or an instant.
    pub number: &'static str,
    /// What the facts made of events consist of.
    pub schema: &'static Schema,
}

/// How many texts an event has of its own.
pub const OWN: usize = 4;

/// Whose event it is, among the own texts.
pub const PERSON: usize = 0;

/// The session, among the own texts.
pub const SESSION: usize = 1;

/// How entitlement events are laid out.
pub static ESM: Layout = Layout {
    api: Api::Esm,
    kind: EntitlementEvent::KIND,
    volatile: &[
        "event",
        "reason",
        "channel",
        "content_category",
        "decision_type",
        "decision_outcome",
        "token_issued",
    ],
    deciding: &["event", "reason", "decision_outcome", "token_issued", "nsdk", "mvpd"],
    own: EntitlementEvent::OWN,
    number: "latency_ms",
    schema: &esm::SCHEMA,
};

/// How stream events are laid out.
pub static CMU: Layout = Layout {
    api: Api::Cmu,
    kind: StreamEvent::KIND,
    volatile: &["event", "policy", "rule"],
    deciding: &["event", "mvpd"],
    own: StreamEvent::OWN,
    number: "last_activity",
    schema: &cmu::SCHEMA,
};

/// An event, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// Its id; may be empty.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// When it happened, in epoch milliseconds.
    pub at: i64,
    /// The classifying attributes, in the order of the layout.
    #[serde(borrow)]
    pub kind: Vec<Option<&'a str>>,
    /// The own texts, in the order of the layout.
    pub own: [Option<Cow<'a, str>>; OWN],
    /// The number.
    pub number: Option<i64>,
}

/// What a kind of event means for reports.
#[derive(Clone, Copy, Debug)]
pub struct Meaning<'a> {
    /// One label per dimension of the schema.
    pub labels: &'a [&'a str],
    /// What it counts for.
    pub marks: Marks,
    /// What it says about its session, if it has one.
    pub step: Option<Step>,
}

/// Whether an event carries its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Numbered {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl Layout {
    /// The layout of an API's events.
    pub fn of(api: Api) -> &'static Self {
        match api {
            Api::Esm => &ESM,
            Api::Cmu => &CMU,
        }
    }

    /// Hands what a kind of event means to `take`; nothing when it is no event of this version.
    pub fn with_meaning<T>(
        &self,
        kind: &[Option<&str>],
        numbered: Numbered,
        take: impl FnOnce(Meaning<'_>) -> T,
    ) -> Option<T> {
        match self.api {
            Api::Esm => EntitlementKind::of(kind)?.with_meaning(numbered, take),
            Api::Cmu => StreamKind::of(kind)?.with_meaning(take),
        }
    }

    /// The positions of the classifying attributes that facts with these dimensions are made of.
    pub fn needed(&self, dims: DimSet) -> impl Iterator<Item = usize> {
        let names = dims.columns().filter_map(|column| self.schema.dims.get(column));
        let of_dims = names.filter_map(|dim| self.position(&dim.replace('-', "_")));
        of_dims.chain(self.deciding.iter().filter_map(|name| self.position(name)))
    }

    /// The position of a classifying attribute.
    pub fn position(&self, attribute: &str) -> Option<usize> {
        self.kind.iter().position(|name| *name == attribute)
    }
}

impl Event {
    /// Which API it belongs to.
    pub const fn api(&self) -> Api {
        match self {
            Self::Entitlement(_) => Api::Esm,
            Self::Stream(_) => Api::Cmu,
        }
    }

    /// The event, taken apart.
    pub fn record(&self) -> Record<'_> {
        match self {
            Self::Entitlement(event) => event.record(),
            Self::Stream(event) => event.record(),
        }
    }

    /// The event that `record` was; nothing when it is no event of this version.
    pub fn from_record(api: Api, record: &Record<'_>) -> Option<Self> {
        Some(match api {
            Api::Esm => Self::Entitlement(Box::new(EntitlementEvent::from_record(record)?)),
            Api::Cmu => Self::Stream(Box::new(StreamEvent::from_record(record)?)),
        })
    }
}

/// An attribute as a text.
trait Attribute: Sized {
    fn text(&self) -> Option<Cow<'_, str>>;
    /// Nothing when the text is no such attribute.
    fn read(text: Option<&str>) -> Option<Self>;
}

/// An attribute that is a text without being rewritten.
trait Plain: Attribute {
    fn plain(&self) -> Option<&str>;
}

impl Attribute for Text {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }

    fn read(text: Option<&str>) -> Option<Self> {
        text.map(Text::new)
    }
}

impl Plain for Text {
    fn plain(&self) -> Option<&str> {
        Some(self)
    }
}

impl Attribute for Option<Text> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_deref().map(Cow::Borrowed)
    }

    fn read(text: Option<&str>) -> Option<Self> {
        Some(text.map(Text::new))
    }
}

impl Plain for Option<Text> {
    fn plain(&self) -> Option<&str> {
        self.as_deref()
    }
}

impl Attribute for Option<bool> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.plain().map(Cow::Borrowed)
    }

    fn read(text: Option<&str>) -> Option<Self> {
        match text {
            None => Some(None),
            Some("true") => Some(Some(true)),
            Some("false") => Some(Some(false)),
            Some(_) => None,
        }
    }
}

impl Plain for Option<bool> {
    fn plain(&self) -> Option<&str> {
        self.map(|is| if is { "true" } else { "false" })
    }
}

/// A list is stored as its JSON.
impl Attribute for Option<Vec<Text>> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(|list| serde_json::to_string(list).ok()).map(Cow::Owned)
    }

    fn read(text: Option<&str>) -> Option<Self> {
        text.map(|text| serde_json::from_str(text).ok()).map_or(Some(None), |list| list.map(Some))
    }
}

macro_rules! name_attribute {
    ($name:ident) => {
        impl Attribute for $name {
            fn text(&self) -> Option<Cow<'_, str>> {
                Some(self.as_str().into())
            }

            fn read(text: Option<&str>) -> Option<Self> {
                Self::named(text?)
            }
        }

        impl Plain for $name {
            fn plain(&self) -> Option<&str> {
                Some(self.as_str())
            }
        }
    };
}

name_attribute!(EntitlementEventName);
name_attribute!(StreamEventName);

/// Declares which attributes of an event classify it and which are its own.
macro_rules! laid_out {
    ($event:ident, $view:ident {
        kind { $($kind:ident,)* }
        own { $($own:ident,)* }
        number { $number:ident: $to:expr, $from:expr }
    }) => {
        /// The classifying attributes of an event.
        #[derive(Clone, Copy, Debug)]
        #[expect(dead_code, reason = "a few attributes are no dimension")]
        pub(crate) struct $view<'a> {
            $(pub(crate) $kind: Option<&'a str>,)*
        }

        impl<'a> $view<'a> {
            /// In the order of the layout.
            fn of(kind: &[Option<&'a str>]) -> Option<Self> {
                let mut kind = kind.iter().copied();
                Some(Self { $($kind: kind.next()?,)* })
            }
        }

        impl $event {
            const KIND: &'static [&'static str] = &[$(stringify!($kind)),*];

            /// What classifies it.
            pub(crate) fn kind(&self) -> $view<'_> {
                $view { $($kind: self.$kind.plain(),)* }
            }

            const OWN: [&'static str; OWN] = [$(stringify!($own)),*];

            fn record(&self) -> Record<'_> {
                Record {
                    id: self.event_id.as_str().into(),
                    at: self.ts.as_millis(),
                    kind: vec![$(self.$kind.plain()),*],
                    own: [$(self.$own.text()),*],
                    number: self.$number.map($to),
                }
            }

            fn from_record(record: &Record<'_>) -> Option<Self> {
                let mut kind = record.kind.iter().copied();
                let mut own = record.own.iter();
                Some(Self {
                    event_id: record.id.clone().into_owned(),
                    ts: Timestamp::from_millis(record.at),
                    $($kind: Attribute::read(kind.next()?)?,)*
                    $($own: Attribute::read(own.next()?.as_deref())?,)*
                    $number: record.number.map($from),
                })
            }
        }
    };
}

laid_out! {
    EntitlementEvent, EntitlementKind {
        kind {
            event,
            media_company,
            requestor_id,
            proxy,
            mvpd,
            dc,
            platform,
            nsdk,
            nsdk_version,
            cdt,
            platform_version,
            eap,
            device,
            os_family,
            os_type,
            browser_family,
            browser_version,
            application_name,
            application_version,
            application_software_id,
            customer_app,
            api,
            arch,
            reason,
            channel,
            content_category,
            sso_type,
            token_type,
            decision_type,
            decision_outcome,
            token_issued,
        }
        own { user_id, session_id, resource_id, visitor_id, }
        number {
            latency_ms: |millis| i64::try_from(millis).unwrap_or(i64::MAX),
            |millis| u64::try_from(millis).unwrap_or(0)
        }
    }
}

laid_out! {
    StreamEvent, StreamKind {
        kind { event, tenant, application_id, application, mvpd, channel, platform, policy, rule, }
        own { account, session_id, killer_session_id, superseded, }
        number { last_activity: Timestamp::as_millis, Timestamp::from_millis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 3] = [
        r#"{"event_id":"1","event":"authz-granted","ts":5,"media_company":"c","requestor_id":"r","mvpd":"m","dc":"","user_id":"u","latency_ms":120,"channel":"x","token_issued":true}"#,
        r#"{"event":"session-killed","ts":6,"tenant":"t","application_id":"a","mvpd":"m","account":"u","session_id":"s","last_activity":4,"killer_session_id":"k"}"#,
        r#"{"event":"session-started","ts":7,"tenant":"t","application_id":"a","mvpd":"m","account":"u","superseded":["a","b"]}"#,
    ];

    #[test]
    fn an_event_survives_being_taken_apart() {
        for line in LINES {
            let event = Event::from_line(line.as_bytes()).unwrap();
            let record = event.record();
            let layout = Layout::of(event.api());
            assert_eq!(record.kind.len(), layout.kind.len());
            assert_eq!(Event::from_record(event.api(), &record).as_ref(), Some(&event), "{line}");
        }
    }

    #[test]
    fn a_kind_means_what_its_events_mean() {
        for line in LINES {
            let event = Event::from_line(line.as_bytes()).unwrap();
            let record = event.record();
            let numbered = if record.number.is_some() { Numbered::Yes } else { Numbered::No };
            let layout = Layout::of(event.api());
            let told = layout.with_meaning(&record.kind, numbered, |meaning| {
                event.with_fact(|fact| {
                    assert_eq!(meaning.labels, fact.labels);
                    assert_eq!(meaning.marks, fact.marks);
                });
            });
            assert!(told.is_some());
        }
    }

    #[test]
    fn every_attribute_has_its_place_in_the_layout() {
        for (line, layout) in [(LINES[0], &ESM), (LINES[1], &CMU)] {
            let mut full = serde_json::Map::new();
            let names = layout.kind.iter().chain(&layout.own).chain([&layout.number]);
            full.extend(names.map(|name| ((*name).to_owned(), serde_json::Value::Null)));
            let event = Event::from_line(line.as_bytes()).unwrap();
            let serde_json::Value::Object(members) = serde_json::to_value(&event).unwrap() else {
                panic!("an event is an object");
            };
            for name in members.keys().filter(|name| !["event_id", "ts"].contains(&name.as_str())) {
                assert!(full.contains_key(name), "{name} is not stored");
            }
            let mut special = layout.volatile.iter().chain(layout.deciding);
            assert!(special.all(|name| layout.position(name).is_some()));
            // Every dimension is an attribute, so that a column can be found for it.
            let dims = layout.schema.dims.iter().map(|dim| dim.replace('-', "_"));
            assert!(dims.into_iter().all(|name| layout.position(&name).is_some()));
        }
    }

    #[test]
    fn what_no_version_wrote_is_no_event() {
        let record = Record { kind: vec![Some("no-such-event"); 31], ..Record::default() };
        assert_eq!(Event::from_record(Api::Esm, &record), None);
        let short = Record { kind: vec![Some("authn-attempt")], ..Record::default() };
        assert_eq!(Event::from_record(Api::Esm, &short), None);
    }
}
