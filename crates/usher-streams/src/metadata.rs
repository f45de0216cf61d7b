//! What clients say about a stream (`concurrency` §6).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::TerminationCode;

/// Most attributes one stream may have.
const ATTRIBUTES_MAX: usize = 64;
/// Longest attribute name, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Longest attribute value, in bytes.
const VALUE_BYTES_MAX: usize = 1024;
/// Written by this service only: the codes of the streams that this one replaced (`concurrency` §5.5).
const SERVER_OWNED: &str = "superseded";
/// The name of the attribute without a name.
const PLATFORM: &str = "";
/// Attributes that keep their first value (`concurrency` §6.2).
const IMMUTABLE: [&str; 9] = [
    "package",
    "channel",
    "platform",
    "assetId",
    "idp",
    "mvpd",
    "hba_status",
    "hba",
    "mobileDevice",
];

/// What a call carries, in order: query first, then body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// Names and values as sent, blanks and duplicates included.
    Pairs(Vec<(String, String)>),
    /// More bytes than anybody is willing to read.
    Oversized,
}

impl Submission {
    /// A call that says nothing.
    pub const EMPTY: Self = Self::Pairs(Vec::new());
}

/// The submission, merged with what is known already, exceeds the limits of `concurrency` §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {ATTRIBUTES_MAX} attributes, or too long ones")]
pub struct OverLimits;

/// The attributes of one stream, in the order they were first sent.
///
/// One allocation, because millions of these are alive at once: each attribute is the length of its
/// name (one byte), the length of its value (two bytes, little endian), name and value. An attribute
/// without a name is nobody's: it keeps the platform that the reports show, as it was at the start.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(Box<[u8]>);

impl Metadata {
    /// Attributes with these names and values, which must be within the limits.
    fn new(pairs: &[(&str, &str)]) -> Self {
        let length = pairs.iter().map(|(name, value)| 3 + name.len() + value.len()).sum();
        let mut bytes = Vec::with_capacity(length);
        for (name, value) in pairs {
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend(value.as_bytes());
        }
        Self(bytes.into())
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(|(name, _)| *name != PLATFORM)
    }

    fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let ([name, low, high], text) = rest.split_first_chunk()?;
            let (name, text) = text.split_at_checked(usize::from(*name))?;
            let value = usize::from(u16::from_le_bytes([*low, *high]));
            let (value, text) = text.split_at_checked(value)?;
            rest = text;
            Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?))
        })
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(it, value)| (it == name).then_some(value))
    }

    /// The length of all names and values, and three bytes for each attribute.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The platform for reports, frozen at the start.
    pub(crate) fn platform(&self) -> Option<&str> {
        self.all().find_map(|(name, value)| (name == PLATFORM).then_some(value))
    }

    /// These attributes with the platform for reports.
    pub(crate) fn on_platform(&self, platform: Option<&str>) -> Self {
        let platform = platform.map(|platform| (PLATFORM, platform));
        Self::new(&self.all().chain(platform).collect::<Vec<_>>())
    }

    /// These attributes updated by `submission`; `None` when it changes nothing.
    pub fn merged(&self, submission: &Submission) -> Result<Option<Self>, OverLimits> {
        let Submission::Pairs(sent) = submission else { return Err(OverLimits) };
        if sent.is_empty() {
            return Ok(None);
        }
        self.check_limits(sent)?;
        let mut pairs: Vec<_> = self.all().collect();
        let mut changed = false;
        for (name, value) in effective(sent) {
            match pairs.iter_mut().find(|(known, _)| *known == name) {
                Some(known) if known.1 == value || IMMUTABLE.contains(&name) => {}
                Some(known) => {
                    known.1 = value;
                    changed = true;
                }
                None => {
                    pairs.push((name, value));
                    changed = true;
                }
            }
        }
        Ok(changed.then(|| Self::new(&pairs)))
    }

    /// These attributes and the codes of the streams that were replaced, if any.
    pub(crate) fn superseding(self, replaced: &[TerminationCode]) -> Self {
        if replaced.is_empty() {
            return self;
        }
        let codes: Vec<_> = replaced.iter().map(TerminationCode::to_string).collect();
        let codes = codes.join(",");
        Self::new(&self.all().chain([(SERVER_OWNED, codes.as_str())]).collect::<Vec<_>>())
    }

    /// The limits hold for the merged set of what clients send, with blanks and duplicates counted as sent.
    fn check_limits(&self, sent: &[(String, String)]) -> Result<(), OverLimits> {
        let short = |(name, value): &(String, String)| {
            name.len() <= NAME_BYTES_MAX && value.len() <= VALUE_BYTES_MAX
        };
        if sent.len() > ATTRIBUTES_MAX || !sent.iter().all(short) {
            return Err(OverLimits);
        }
        let kept = self.iter().filter(|(known, _)| {
            *known != SERVER_OWNED && sent.iter().all(|(name, _)| name != known)
        });
        if kept.count() + sent.len() > ATTRIBUTES_MAX {
            return Err(OverLimits);
        }
        Ok(())
    }
}

impl Serialize for Metadata {
    /// In one piece rather than byte by byte.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_bytes(Whole)
    }
}

/// Takes [`Metadata`] in one piece.
struct Whole;

impl Visitor<'_> for Whole {
    type Value = Metadata;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Metadata, E> {
        Ok(Metadata(bytes.into()))
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.iter()).finish()
    }
}

/// The first supplied value of each name; blank values count as not supplied.
fn effective(sent: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let supplied = |(name, value): &&(String, String)| {
        name != SERVER_OWNED && name != PLATFORM && !is_blank(value)
    };
    sent.iter().filter(supplied).enumerate().filter_map(move |(index, (name, value))| {
        let first = !sent.iter().filter(supplied).take(index).any(|(it, _)| it == name);
        first.then_some((name.as_str(), value.as_str()))
    })
}

/// Whether `value` is empty or only white space.
fn is_blank(value: &str) -> bool {
    value.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Submission {
        Submission::Pairs(pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect())
    }

    fn numbered(count: usize) -> Submission {
        Submission::Pairs((0..count).map(|index| (format!("a{index}"), "1".into())).collect())
    }

    fn merged(known: &Metadata, pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let update = known.merged(&sent(pairs)).unwrap().unwrap_or_else(|| known.clone());
        update.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    }

    #[test]
    fn the_first_value_of_a_call_wins_and_blanks_are_not_supplied() {
        let pairs = [("plan", "gold"), ("plan", "tin"), ("room", "  "), ("superseded", "x")];
        assert_eq!(merged(&Metadata::default(), &pairs), [("plan".into(), "gold".into())]);
    }

    #[test]
    fn a_blank_value_does_not_hide_a_later_one() {
        let pairs = [("plan", ""), ("plan", "tin")];
        assert_eq!(merged(&Metadata::default(), &pairs), [("plan".into(), "tin".into())]);
    }

    #[test]
    fn a_heartbeat_adds_changes_and_keeps_but_never_touches_the_immutable() {
        let known = Metadata::new(&[("channel", "a"), ("plan", "gold"), ("room", "den")]);
        let after = merged(&known, &[("channel", "b"), ("plan", "silver"), ("hba", "true")]);
        let expected = [("channel", "a"), ("plan", "silver"), ("room", "den"), ("hba", "true")];
        assert_eq!(after, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn nothing_new_is_no_change() {
        let known = Metadata::new(&[("channel", "a"), ("plan", "gold")]);
        assert_eq!(known.merged(&sent(&[("plan", "gold"), ("channel", "z")])), Ok(None));
    }

    #[test]
    fn limits_hold_for_the_merged_set() {
        let full = Metadata::default().merged(&numbered(64)).unwrap().unwrap();
        assert_eq!(full.iter().count(), 64);
        assert_eq!(full.merged(&numbered(64)), Ok(None));
        assert_eq!(full.merged(&sent(&[("new", "")])), Err(OverLimits));
        assert_eq!(full.merged(&sent(&[("a1", "2"), ("a1", "3")])), Err(OverLimits));
        assert_eq!(Metadata::default().merged(&numbered(65)), Err(OverLimits));
        assert_eq!(full.merged(&Submission::Oversized), Err(OverLimits));
    }

    #[test]
    fn what_was_replaced_is_told_but_counts_as_nobodys_attribute() {
        let codes = ["0029a6d8", "18721fb7"].map(|code| TerminationCode::parse(code).unwrap());
        let full = Metadata::default().merged(&numbered(64)).unwrap().unwrap();
        assert_eq!(full.clone().superseding(&codes).merged(&numbered(64)), Ok(None));
        let winner = Metadata::new(&[("plan", "gold")]).superseding(&codes);
        let expected = [("plan", "tin"), ("superseded", "0029a6d8,18721fb7")];
        let expected = expected.map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(merged(&winner, &[("superseded", "x"), ("plan", "tin")]), expected);
    }

    #[test]
    fn the_platform_of_the_start_is_kept_and_not_told() {
        let known = Metadata::new(&[("plan", "gold")]).on_platform(Some("roku"));
        let after = known.merged(&sent(&[("", "tv"), ("plan", "tin")])).unwrap().unwrap();
        assert_eq!((after.platform(), after.get("")), (Some("roku"), None));
        assert_eq!(after.iter().collect::<Vec<_>>(), [("plan", "tin")]);
        assert_eq!(Metadata::default().on_platform(None).platform(), None);
    }

    #[test]
    fn names_and_values_have_their_longest() {
        let probe = |name: usize, value: usize| {
            let pairs = [(&*"n".repeat(name), &*"v".repeat(value))];
            Metadata::default().merged(&sent(&pairs)).is_ok()
        };
        assert!(probe(128, 1024));
        assert!(!probe(129, 1));
        assert!(!probe(1, 1025));
    }
}
