//! Values with a notation of their own.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// A duration as people write it: a number and a unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is no duration: write a number and a unit, such as `30s`"))
}

/// For `#[serde(deserialize_with)]` on durations.
pub(crate) fn read_duration<'de, D: Deserializer<'de>>(source: D) -> Result<Duration, D::Error> {
    duration(&String::deserialize(source)?).map_err(serde::de::Error::custom)
}

/// For `#[serde(deserialize_with)]` on durations that may be absent.
pub(crate) fn read_optional<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<Option<Duration>, D::Error> {
    read_duration(source).map(Some)
}
