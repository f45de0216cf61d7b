//! The path of a request: version, dimensions, extension (`wolap.md` §2).

use percent_encoding::percent_decode_str;

use crate::Api;

/// An API root, which every link starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// `/esm/v2`, which also accepts the old SDK dimension names.
    EsmV2,
    /// `/esm/v3`.
    EsmV3,
    /// `/cmu/v2`.
    CmuV2,
}

impl Base {
    /// The root of `api` in `version`, if that version exists.
    pub fn find(api: Api, version: &str) -> Option<Self> {
        match (api, version) {
            (Api::Esm, "v2") => Some(Self::EsmV2),
            (Api::Esm, "v3") => Some(Self::EsmV3),
            (Api::Cmu, "v2") => Some(Self::CmuV2),
            (Api::Esm | Api::Cmu, _) => None,
        }
    }

    /// The path that links start with.
    pub const fn href(self) -> &'static str {
        match self {
            Self::EsmV2 => "/esm/v2",
            Self::EsmV3 => "/esm/v3",
            Self::CmuV2 => "/cmu/v2",
        }
    }

    /// Which API it is a root of.
    pub const fn api(self) -> Api {
        match self {
            Self::EsmV2 | Self::EsmV3 => Api::Esm,
            Self::CmuV2 => Api::Cmu,
        }
    }
}

/// A path, taken apart but not yet looked up in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The API root.
    pub base: Base,
    /// Path segments after it, decoded.
    pub path: Vec<String>,
    /// What follows the last dot of the last segment.
    pub extension: Option<String>,
}

/// There is no such version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such version of this API")]
pub struct AddressError;

impl Address {
    /// Reads `rest`: everything that follows `/esm/` or `/cmu/`, still percent-encoded.
    pub fn parse(api: Api, rest: &str) -> Result<Self, AddressError> {
        let (rest, extension) = match rest.strip_suffix('/') {
            Some(stem) => (stem, None),
            None => split_extension(rest),
        };
        let mut segments = rest.split('/');
        let base = segments.next().and_then(|version| Base::find(api, version));
        Ok(Self {
            base: base.ok_or(AddressError)?,
            path: segments
                .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
                .collect(),
            extension: extension.map(str::to_owned),
        })
    }
}

/// Cuts the extension off the last segment.
fn split_extension(path: &str) -> (&str, Option<&str>) {
    match path.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => (stem, Some(extension)),
        Some(_) | None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rest: &str) -> Option<(Vec<String>, Option<String>)> {
        let address = Address::parse(Api::Esm, rest).ok()?;
        Some((address.path, address.extension))
    }

    fn path(segments: &[&str], extension: Option<&str>) -> (Vec<String>, Option<String>) {
        let segments = segments.iter().map(|&segment| segment.to_owned()).collect();
        (segments, extension.map(str::to_owned))
    }

    #[test]
    fn the_extension_belongs_to_the_last_segment_even_of_the_root() {
        assert_eq!(read("v3/year/month.csv"), Some(path(&["year", "month"], Some("csv"))));
        assert_eq!(read("v3.json"), Some(path(&[], Some("json"))));
        assert_eq!(read("v3"), Some(path(&[], None)));
    }

    #[test]
    fn one_trailing_slash_is_ignored_and_only_one() {
        assert_eq!(read("v3/"), Some(path(&[], None)));
        assert_eq!(read("v3/year/"), Some(path(&["year"], None)));
        assert_eq!(read("v3/year//"), Some(path(&["year", ""], None)));
        assert_eq!(read("v3/year.csv/"), Some(path(&["year.csv"], None)));
    }

    #[test]
    fn unknown_versions_are_no_address() {
        assert_eq!(read("v9/year"), None);
        assert_eq!(read("report"), None);
        assert!(Address::parse(Api::Cmu, "v3").is_err());
    }
}
