//! How what a provider says of a viewer becomes metadata (`mvpd` §5.6).

use regex_lite::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// What becomes of one claim or attribute.
///
/// In a catalog: the metadata key (`zip = "zip"`), or the key with a transformation
/// (`channels = { key = "channelID", split = "," }`). A key with a dot names a member of an object
/// (`maxRating.VCHIP`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The metadata key.
    pub key: String,
    /// What is done to each value.
    pub transform: Transform,
}

/// What is done to a value on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Transform {
    /// Nothing.
    #[default]
    Copy,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Cut into a list at each of these texts.
    Split(String),
    /// Read as yes or no.
    Bool,
    /// What a regular expression finds.
    Regex(Pattern),
    /// Replaced by this text.
    Const(String),
}

/// A regular expression. Its matching takes time in proportion to the text, whatever both are.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// The first group in the first match, or the whole match of an expression without groups.
    pub fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let captures = self.0.captures(text)?;
        captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Key(String),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    key: String,
    #[serde(default)]
    case: Option<Case>,
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    bool: Option<bool>,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default, rename = "const")]
    constant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Case {
    Lower,
    Upper,
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let table = match Written::deserialize(source)? {
            Written::Key(key) => return Ok(Self { key, transform: Transform::Copy }),
            Written::Table(table) => table,
        };
        let pattern =
            table.regex.map(|text| Regex::new(&text).map(Pattern).map_err(D::Error::custom));
        let given = [
            table.case.map(|case| match case {
                Case::Lower => Transform::Lower,
                Case::Upper => Transform::Upper,
            }),
            table.split.map(Transform::Split),
            table.bool.filter(|wanted| *wanted).map(|_| Transform::Bool),
            pattern.transpose()?.map(Transform::Regex),
            table.constant.map(Transform::Const),
        ];
        let mut transforms = given.into_iter().flatten();
        let transform = transforms.next().unwrap_or_default();
        if transforms.next().is_some() {
            return Err(D::Error::custom(
                "a mapping has one of `case`, `split`, `bool`, `regex` and `const`",
            ));
        }
        Ok(Self { key: table.key, transform })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_a_key_or_a_key_with_one_transformation() {
        let read = |text: &str| {
            #[derive(Debug, Deserialize)]
            struct Line {
                it: Mapping,
            }
            toml::from_str::<Line>(text).map(|line| line.it)
        };
        let mapping = |transform| Mapping { key: "zip".into(), transform };
        assert_eq!(read("it = 'zip'").unwrap(), mapping(Transform::Copy));
        assert_eq!(
            read("it = { key = 'zip', split = ';' }").unwrap(),
            mapping(Transform::Split(";".into()))
        );
        assert_eq!(read("it = { key = 'zip', bool = true }").unwrap(), mapping(Transform::Bool));
        assert_eq!(
            read("it = { key = 'zip', case = 'upper' }").unwrap(),
            mapping(Transform::Upper)
        );
        assert!(read("it = { key = 'zip', case = 'upper', bool = true }").is_err());
        assert!(read("it = { key = 'zip', regex = '(' }").is_err());
        let Transform::Regex(pattern) =
            read("it = { key = 'zip', regex = '^hh-([0-9]+)$' }").unwrap().transform
        else {
            panic!("a pattern")
        };
        assert_eq!((pattern.find("hh-17"), pattern.find("h-17")), (Some("17"), None));
        assert!(read("it = { key = 'zip', colour = 'red' }").is_err());
    }
}
