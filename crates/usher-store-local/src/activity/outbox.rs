//! Events as they lie in the outbox.
//!
//! An entry is a version and then, for each event, its API and what it is taken apart into: a third of
//! what it takes as JSON, and a start writes it before it is answered.

use usher_reports::{Api, Event, Record};

/// The first byte of every entry; another layout gets another number.
const VERSION: u8 = 1;

/// What an entry takes for one event, about.
const EVENT_BYTES: usize = 256;

/// An entry with these events; nothing if one of them cannot be written down.
pub(super) fn write(events: &[Event]) -> Option<Vec<u8>> {
    let mut entry = Vec::with_capacity(1 + events.len() * EVENT_BYTES);
    entry.push(VERSION);
    for event in events {
        entry = postcard::to_extend(&(number_of(event.api()), event.record()), entry).ok()?;
    }
    Some(entry)
}

/// The events of an entry; nothing if it makes no sense.
pub(super) fn read(entry: &[u8]) -> Option<Vec<Event>> {
    let (&VERSION, mut rest) = entry.split_first()? else { return None };
    let mut events = Vec::new();
    while !rest.is_empty() {
        let ((api, record), after) = postcard::take_from_bytes::<(u8, Record<'_>)>(rest).ok()?;
        events.push(Event::from_record(api_of(api)?, &record)?);
        rest = after;
    }
    Some(events)
}

const fn number_of(api: Api) -> u8 {
    match api {
        Api::Esm => 0,
        Api::Cmu => 1,
    }
}

const fn api_of(number: u8) -> Option<Api> {
    match number {
        0 => Some(Api::Esm),
        1 => Some(Api::Cmu),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Event> {
        let lines = [
            r#"{"event_id":"1","event":"authz-granted","ts":5,"media_company":"c","requestor_id":"r","mvpd":"m","dc":"","user_id":"u","latency_ms":120,"token_issued":true}"#,
            r#"{"event_id":"s/ended","event":"session-killed","ts":6,"tenant":"t","application_id":"a","mvpd":"m","account":"ü","session_id":"s","last_activity":4,"killer_session_id":"k"}"#,
            r#"{"event_id":"k/started","event":"session-started","ts":7,"tenant":"t","application_id":"a","mvpd":"m","account":"ü","superseded":["a","b"]}"#,
        ];
        lines.map(|line| Event::from_line(line.as_bytes()).unwrap()).into()
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        assert_eq!(read(&write(&events()).unwrap()), Some(events()));
        assert_eq!(read(&write(&[]).unwrap()), Some(Vec::new()));
    }

    #[test]
    fn an_entry_that_is_cut_or_of_another_version_makes_no_sense() {
        let entry = write(&events()).unwrap();
        let whole: Vec<_> = (1..=3).map(|count| write(&events()[..count]).unwrap().len()).collect();
        for length in (2..entry.len()).filter(|length| !whole.contains(length)) {
            assert_eq!(read(&entry[..length]), None, "{length}");
        }
        assert_eq!(read(b""), None);
        assert_eq!(read(b"[]"), None);
    }
}
