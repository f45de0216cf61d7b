//! Which representation a report is sent in (`wolap.md` §11).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_reports::Report;

use super::page::{self, Asked};
use super::problem::Problem;
use super::{csv, json, parquet, xml};

/// A representation, and under which media type it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    HalJson,
    Xml,
    HalXml,
    Csv,
    Html,
    Parquet,
}

/// What can be asked for in `Accept`, best first among equals.
const OFFERS: [(&str, Format); 8] = [
    ("application/json", Format::Json),
    ("application/hal+json", Format::HalJson),
    ("application/xml", Format::Xml),
    ("text/xml", Format::Xml),
    ("application/hal+xml", Format::HalXml),
    ("text/csv", Format::Csv),
    ("text/html", Format::Html),
    ("application/vnd.apache.parquet", Format::Parquet),
];

impl Format {
    /// The first strategy that is present decides: extension, parameter, header, JSON.
    pub(super) fn negotiate(
        extension: Option<&str>,
        parameter: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        if let Some(name) = extension.or(parameter) {
            return Self::named(name).ok_or(Problem::Format);
        }
        let accept: Vec<_> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        Self::accepted(&accept.join(",")).ok_or(Problem::Format)
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "xml" => Some(Self::Xml),
            "csv" => Some(Self::Csv),
            "html" => Some(Self::Html),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// The offer with the highest quality; without any wish JSON.
    fn accepted(accept: &str) -> Option<Self> {
        let ranges: Vec<_> = accept.split(',').filter_map(MediaRange::parse).collect();
        if ranges.is_empty() {
            return Some(Self::Json);
        }
        let mut best = None;
        for (offer, format) in OFFERS {
            let quality = quality(&ranges, offer);
            if quality > best.map_or(0, |(_, quality)| quality) {
                best = Some((format, quality));
            }
        }
        best.map(|(format, _)| format)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=utf-8",
            Self::HalJson => "application/hal+json;charset=utf-8",
            Self::Xml => "application/xml;charset=utf-8",
            Self::HalXml => "application/hal+xml;charset=utf-8",
            Self::Csv => "text/csv;charset=utf-8",
            Self::Html => "text/html;charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The report in this representation.
    pub(super) fn render(self, report: &Report, asked: Asked<'_>) -> Response {
        let body = match self {
            Self::Json | Self::HalJson => json::write(report).into_response(),
            Self::Xml | Self::HalXml => xml::write(report).into_response(),
            Self::Csv => csv::write(report).into_response(),
            Self::Html => page::write(report, asked).into_response(),
            Self::Parquet => parquet::write(report)
                .map_or_else(|error| unwritten(&error), IntoResponse::into_response),
        };
        let mut response = body;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if let Some(extension) = self.file_extension() {
            let name = format!("attachment; filename=\"{}.{extension}\"", report.file_stem);
            if let Ok(name) = HeaderValue::try_from(name) {
                headers.insert(header::CONTENT_DISPOSITION, name);
            }
        }
        if self == Self::Html {
            headers.insert(header::CONTENT_SECURITY_POLICY, page::POLICY.clone());
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        response
    }

    /// What is taken home as a file, and not read in place.
    const fn file_extension(self) -> Option<&'static str> {
        match self {
            Self::Csv => Some("csv"),
            Self::Parquet => Some("parquet"),
            Self::Json | Self::HalJson | Self::Xml | Self::HalXml | Self::Html => None,
        }
    }
}

/// Bytes in memory can always be written; if not, it is a defect of ours.
fn unwritten(error: &usher_parquet::ParquetError) -> Response {
    tracing::error!(%error, "a report could not be written as Parquet");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// One element of `Accept` (RFC 9110 §12.5.1). Quality in thousandths.
#[derive(Debug)]
struct MediaRange<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> MediaRange<'a> {
    /// Reads an element; what is no media range is ignored.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(Some(1000), |(_, value)| thousandths(value.trim()))?;
        Some(Self { kind, subtype, quality })
    }

    /// How exactly it names `offer`: 0 is not at all.
    fn precision(&self, offer: &str) -> u8 {
        let (kind, subtype) = offer.split_once('/').unwrap_or((offer, ""));
        if self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype) {
            3
        } else if self.kind.eq_ignore_ascii_case(kind) && self.subtype == "*" {
            2
        } else {
            u8::from(self.kind == "*" && self.subtype == "*")
        }
    }
}

/// The quality that the most precise range gives to `offer`.
fn quality(ranges: &[MediaRange<'_>], offer: &str) -> u16 {
    let precise = ranges.iter().filter(|range| range.precision(offer) > 0);
    precise.max_by_key(|range| range.precision(offer)).map_or(0, |range| range.quality)
}

/// Reads `0.5` as 500.
fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked first"
    )]
    (0.0..=1.0).contains(&quality).then(|| (quality * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &'static str) -> Option<Format> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]);
        Format::negotiate(None, None, &headers).ok()
    }

    #[test]
    fn the_extension_beats_the_parameter_which_beats_the_header() {
        let xml =
            HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/xml"))]);
        let choose = |extension, parameter| Format::negotiate(extension, parameter, &xml).ok();
        assert_eq!(choose(Some("html"), Some("csv")), Some(Format::Html));
        assert_eq!(choose(None, Some("csv")), Some(Format::Csv));
        assert_eq!(choose(None, None), Some(Format::Xml));
        assert_eq!(choose(Some("pdf"), Some("csv")), None);
        assert_eq!(choose(None, Some("pdf")), None);
        assert_eq!(Format::negotiate(None, None, &HeaderMap::new()).ok(), Some(Format::Json));
    }

    #[test]
    fn accept_weighs_precision_and_quality() {
        for (value, format) in [
            ("*/*", Some(Format::Json)),
            ("", Some(Format::Json)),
            ("application/hal+json", Some(Format::HalJson)),
            ("application/hal+xml", Some(Format::HalXml)),
            ("text/xml", Some(Format::Xml)),
            ("text/*", Some(Format::Xml)),
            ("text/csv, text/html;q=0.9", Some(Format::Csv)),
            ("text/csv;q=0.1, */*;q=0.5", Some(Format::Json)),
            ("application/json;q=0, */*", Some(Format::HalJson)),
            ("text/html, application/xml", Some(Format::Xml)),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
                Some(Format::Html),
            ),
            ("image/png", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accept(value), format, "{value}");
        }
    }
}
