//! From a raw path to the thing it names.

use std::borrow::Cow;

use axum::http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;
use usher_streams::Subject;

use super::answer::Refusal;

/// Longest decoded path segment, in bytes (contracts README, clarification 14).
pub(super) const SEGMENT_BYTES_MAX: usize = 512;

/// An endpoint with its path segments as sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'p> {
    Metadata,
    Subject([&'p str; 2]),
    Stream([&'p str; 3]),
    Running([&'p str; 2]),
}

/// What the path names.
#[derive(Debug)]
pub(super) enum Target<'p> {
    Metadata,
    Subject(Subject),
    Stream(Subject, Cow<'p, str>),
    Running(Subject),
}

impl<'p> Place<'p> {
    /// The endpoint at `path`. Slashes after `/v2` collapse, one trailing slash is tolerated
    /// (`concurrency` §1, §3); empty segments elsewhere name nothing.
    pub(super) fn find(path: &'p str) -> Option<Self> {
        let below = path.strip_prefix("/v2")?;
        let inner = below.trim_start_matches('/');
        if inner.len() == below.len() {
            return None;
        }
        let mut segments = inner.strip_suffix('/').unwrap_or(inner).split('/');
        let mut next = || segments.next();
        let found = match [next(), next(), next(), next(), next()] {
            [Some("metadata"), None, ..] => Self::Metadata,
            [Some("sessions"), Some(idp), Some(subject), None, _] => Self::Subject([idp, subject]),
            [Some("sessions"), Some(idp), Some(subject), Some(session), None] => {
                Self::Stream([idp, subject, session])
            }
            [Some("runningStreams"), Some(idp), Some(subject), None, _] => {
                Self::Running([idp, subject])
            }
            _ => return None,
        };
        let is_blank = found.segments().iter().any(|segment| segment.is_empty());
        (!is_blank).then_some(found)
    }

    fn segments(&self) -> &[&'p str] {
        match self {
            Self::Metadata => &[],
            Self::Subject(segments) | Self::Running(segments) => segments,
            Self::Stream(segments) => segments,
        }
    }

    /// The route, as the log and `/openapi.json` call it.
    pub(super) const fn route(&self) -> &'static str {
        match self {
            Self::Metadata => "/v2/metadata",
            Self::Subject(_) => "/v2/sessions/{idp}/{subject}",
            Self::Stream(_) => "/v2/sessions/{idp}/{subject}/{session}",
            Self::Running(_) => "/v2/runningStreams/{idp}/{subject}",
        }
    }

    pub(super) fn allows(&self, method: &Method) -> bool {
        match self {
            Self::Metadata | Self::Running(_) => method == Method::GET,
            Self::Subject(_) => method == Method::POST,
            Self::Stream(_) => method == Method::POST || method == Method::DELETE,
        }
    }

    /// The `Allow` header.
    pub(super) const fn allow(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Metadata | Self::Running(_) => "GET, OPTIONS",
            Self::Subject(_) => "POST, OPTIONS",
            Self::Stream(_) => "POST, DELETE, OPTIONS",
        })
    }

    /// Decodes the segments.
    pub(super) fn target(&self) -> Result<Target<'p>, Refusal> {
        Ok(match *self {
            Self::Metadata => Target::Metadata,
            Self::Subject(segments) => Target::Subject(subject(segments)?),
            Self::Stream([idp, account, session]) => {
                Target::Stream(subject([idp, account])?, decode(session)?)
            }
            Self::Running(segments) => Target::Running(subject(segments)?),
        })
    }
}

fn subject([idp, account]: [&str; 2]) -> Result<Subject, Refusal> {
    Ok(Subject::new(&decode(idp)?, &decode(account)?))
}

/// Percent-decodes once. A plus sign is a plus sign, an escaped slash part of the id.
fn decode(segment: &str) -> Result<Cow<'_, str>, Refusal> {
    let text = percent_decode_str(segment).decode_utf8().map_err(|_| Refusal::Malformed)?;
    if text.len() > SEGMENT_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(Refusal::Malformed);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_tolerated_after_the_version_and_once_at_the_end() {
        for path in ["/v2/sessions/a/b", "/v2//sessions/a/b", "/v2/sessions/a/b/"] {
            assert_eq!(Place::find(path), Some(Place::Subject(["a", "b"])), "{path}");
        }
        let strays = ["/v2", "/v2/", "/v2x/metadata", "/v2/sessions/a//", "/v2/sessions//b"];
        for path in strays {
            assert_eq!(Place::find(path), None, "{path}");
        }
    }

    #[test]
    fn segments_are_decoded_once_and_must_be_printable() {
        assert_eq!(decode("cable+one").ok().as_deref(), Some("cable+one"));
        assert_eq!(decode("cable%2Bone").ok().as_deref(), Some("cable+one"));
        assert_eq!(decode("a%252Fb%2Fc").ok().as_deref(), Some("a%2Fb/c"));
        for wrong in ["%00", "a%0Ab", "%ff", &"x".repeat(513)] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }
}
