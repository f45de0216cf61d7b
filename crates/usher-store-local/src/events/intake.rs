//! Taking events in: the part of the way that every single event goes.

use hashbrown::HashMap;
use usher_reports::{Numbered, Record};

use super::batch::{Batch, Kind, NO_NUMBER, NONE, Row, small};

/// A batch that grows event by event.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) batch: Batch,
    /// The kind of events whose classifying attributes read so, one after the other.
    kinds: HashMap<Box<[u8]>, u32>,
    buffer: Vec<u8>,
}

impl Intake {
    pub(super) fn new(batch: Batch) -> Self {
        Self { batch, kinds: HashMap::new(), buffer: Vec::new() }
    }

    /// Adds an event whose id has the fingerprint `key`.
    pub(super) fn push(&mut self, record: &Record<'_>, key: u64) {
        let kind = self.kind(record);
        let texts = &mut self.batch.texts;
        let own = std::array::from_fn(|nth| match record.own.get(nth) {
            Some(Some(text)) => texts.code(text),
            Some(None) | None => NONE,
        });
        let number = record.number.unwrap_or(NO_NUMBER);
        self.batch.rows.push(Row { at: record.at, kind, number, own, key });
    }

    /// The kind of an event: usually one that was seen before, found by comparing bytes.
    fn kind(&mut self, record: &Record<'_>) -> u32 {
        self.buffer.clear();
        let numbered = if record.number.is_some() { Numbered::Yes } else { Numbered::No };
        self.buffer.push(u8::from(numbered == Numbered::Yes));
        for text in &record.kind {
            // No text contains these bytes.
            match text {
                Some(text) => self.buffer.extend_from_slice(text.as_bytes()),
                None => self.buffer.push(0xfe),
            }
            self.buffer.push(0xff);
        }
        if let Some(known) = self.kinds.get(self.buffer.as_slice()) {
            return *known;
        }
        let texts = &mut self.batch.texts;
        let codes = record.kind.iter().map(|text| text.map_or(NONE, |text| texts.code(text)));
        let kind = Kind { codes: codes.collect(), numbered };
        let code = small(self.batch.kinds.len());
        self.batch.kinds.push(kind);
        self.kinds.insert(self.buffer.as_slice().into(), code);
        code
    }
}

#[cfg(test)]
mod tests {
    use usher_reports::{CMU, ESM, Event};

    use super::*;

    fn events() -> Vec<Event> {
        let lines = [
            r#"{"event_id":"","event":"authz-granted","ts":5,"media_company":"c","requestor_id":"r","mvpd":"m","user_id":"u","latency_ms":120}"#,
            r#"{"event":"authz-granted","ts":6,"media_company":"c","requestor_id":"r","mvpd":"m","user_id":"v","dc":""}"#,
            r#"{"event":"authz-granted","ts":7,"media_company":"c","requestor_id":"r","mvpd":"m"}"#,
            r#"{"event":"authz-granted","ts":8,"media_company":"c","requestor_id":"r","mvpd":"m","latency_ms":7}"#,
        ];
        lines.map(|line| Event::from_line(line.as_bytes()).unwrap()).into()
    }

    fn taken(events: &[Event]) -> Batch {
        let mut intake = Intake::new(Batch::new(&ESM));
        for (event, key) in events.iter().zip(1..) {
            intake.push(&event.record(), key);
        }
        intake.batch
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        let batch = taken(&events());
        let back: Vec<_> = batch.rows.iter().map(|row| batch.event(&row).unwrap()).collect();
        assert_eq!(back, events());
        // An empty attribute is not an absent one, and a latency makes a difference.
        assert_eq!(batch.rows.kind, [0, 1, 2, 0]);
        assert_eq!(batch.rows.key, [1, 2, 3, 4]);
    }

    #[test]
    fn a_batch_absorbs_another() {
        let (first, second) = (taken(&events()[..2]), taken(&events()[1..]));
        let mut both = first.clone();
        both.absorb(&second, |row| row.at != 7);
        let at: Vec<_> = both.rows.iter().map(|row| row.at).collect();
        assert_eq!(at, [5, 6, 6, 8]);
        assert_eq!(both.rows.kind, [0, 1, 1, 0]);
        assert_eq!(both.event(&both.rows.get(2).unwrap()).as_ref(), events().get(1));
        assert!(Batch::new(&CMU).is_empty());
    }
}
