//! Event files: one event per line (`demo.md` §1; contracts README, clarification 19).

use serde::Deserialize;
use usher_jose::sha256;

use crate::{EntitlementEvent, EntitlementEventName, Event, StreamEvent, StreamEventName};

/// Longest accepted line, in bytes. An event with every attribute takes under 2 KiB.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Events that are kept together or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventBatch(Vec<Event>);

/// The first line of a file that is no event.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub problem: LineError,
}

/// Why a line is no event.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotText,
    /// Too long to be an event.
    #[error("longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON, no known event, or an attribute that is missing or of the wrong type.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A name that is in neither vocabulary.
    #[error("unknown event `{0}`")]
    UnknownEvent(String),
    /// An attribute that says whose event it is, without a value.
    #[error("`{0}` is empty")]
    Empty(&'static str),
}

impl EventBatch {
    /// Reads NDJSON. Blank lines are skipped; an event without an id gets its line's content hash, so
    /// that reading a file twice gives the same ids. One bad line refuses the whole file.
    pub fn from_ndjson(file: &[u8]) -> Result<Self, BadLine> {
        let mut events = Vec::new();
        for (index, line) in file.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if !line.is_empty() {
                let event = named(line).map_err(|problem| BadLine { line: index + 1, problem })?;
                events.push(event);
            }
        }
        Ok(Self(events))
    }

    /// The events, in the order of the file.
    pub fn into_events(self) -> Vec<Event> {
        self.0
    }
}

/// Reads a line and gives the event an id.
fn named(line: &[u8]) -> Result<Event, LineError> {
    let mut event = Event::from_line(line)?;
    if event.id().is_empty() {
        event.set_id(content_hash(line));
    }
    Ok(event)
}

/// 128 bits of SHA-256, in hexadecimal.
fn content_hash(line: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hash = String::with_capacity(32);
    for byte in sha256(line).iter().take(16) {
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// Just enough of a line to know which vocabulary it speaks.
#[derive(Deserialize)]
struct Probe<'a> {
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
}

impl Event {
    /// Reads one line of an event file.
    pub fn from_line(line: &[u8]) -> Result<Self, LineError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(LineError::TooLong);
        }
        let line = std::str::from_utf8(line).map_err(|_| LineError::NotText)?;
        let name = serde_json::from_str::<Probe<'_>>(line)?.event;
        let event = if EntitlementEventName::named(&name).is_some() {
            Self::Entitlement(Box::new(serde_json::from_str::<EntitlementEvent>(line)?))
        } else if StreamEventName::named(&name).is_some() {
            Self::Stream(Box::new(serde_json::from_str::<StreamEvent>(line)?))
        } else {
            return Err(LineError::UnknownEvent(name.into_owned()));
        };
        event.owned()?;
        Ok(event)
    }

    /// Whether it says whose it is.
    fn owned(&self) -> Result<(), LineError> {
        let attributes = match self {
            Self::Entitlement(event) => vec![
                ("media_company", &event.media_company),
                ("requestor_id", &event.requestor_id),
                ("mvpd", &event.mvpd),
            ],
            Self::Stream(event) => vec![
                ("tenant", &event.tenant),
                ("application_id", &event.application_id),
                ("mvpd", &event.mvpd),
                ("account", &event.account),
            ],
        };
        let empty = attributes.into_iter().find(|(_, value)| value.is_empty());
        empty.map_or(Ok(()), |(name, _)| Err(LineError::Empty(name)))
    }

    /// Gives the event its identity.
    pub fn set_id(&mut self, id: String) {
        match self {
            Self::Entitlement(event) => event.event_id = id,
            Self::Stream(event) => event.event_id = id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"event":"authn-attempt","ts":1,"media_company":"a","requestor_id":"b","mvpd":"c","other":1}"#;

    fn problem(line: &str) -> String {
        let file = format!("{GOOD}\n\n{line}\n");
        EventBatch::from_ndjson(file.as_bytes()).map_err(|bad| bad.to_string()).unwrap_err()
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        for (line, reason) in [
            ("{", "line 3: EOF"),
            ("[]", "line 3: "),
            (r#"{"event":"authn-attempted","ts":1}"#, "line 3: unknown event `authn-attempted`"),
            (r#"{"ts":1}"#, "line 3: missing field `event`"),
            (
                r#"{"event":"authn-attempt","media_company":"a","requestor_id":"b","mvpd":"c"}"#,
                "line 3: missing field `ts`",
            ),
            (
                r#"{"event":"authn-attempt","ts":1,"media_company":"a","requestor_id":"b"}"#,
                "line 3: missing field `mvpd`",
            ),
            (
                r#"{"event":"authn-attempt","ts":1,"media_company":"a","requestor_id":"b","mvpd":""}"#,
                "line 3: `mvpd` is empty",
            ),
            (
                r#"{"event":"session-started","ts":1,"tenant":"a","application_id":"b","mvpd":"c"}"#,
                "line 3: missing field `account`",
            ),
        ] {
            assert!(problem(line).starts_with(reason), "{line}: {}", problem(line));
        }
    }

    #[test]
    fn a_line_without_an_id_always_gets_the_same_one() {
        let ids = |file: &str| {
            let events = EventBatch::from_ndjson(file.as_bytes()).map(EventBatch::into_events);
            events.unwrap().iter().map(|event| event.id().to_owned()).collect::<Vec<_>>()
        };
        let [first, second] = [ids(GOOD), ids(&format!("\r\n{GOOD}\r\n"))];
        assert_eq!(first, second);
        assert_eq!(first[0].len(), 32);
        let own = GOOD.replace('{', r#"{"event_id":"mine","#);
        assert_eq!(ids(&own), ["mine"]);
    }
}
