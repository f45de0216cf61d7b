//! What a record of the log holds: how chunks grew.
//!
//! A chunk keeps each text and each kind of event once, so a record says what was added to them and then
//! the events as numbers: 20 to 40 bytes each instead of 700 as JSON. Numbers are LEB128, signed ones
//! zigzagged; a code is written plus one, zero standing for "not there".

use usher_reports::{Api, CMU, ESM, Layout, Numbered, OWN};

use super::batch::{Batch, Kind, NO_NUMBER, NONE, Row};

/// Begins a new chunk.
const CHUNK: u8 = 0;

/// Events follow.
const EVENTS: u8 = 1;

/// How far a chunk was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) texts: usize,
    pub(super) kinds: usize,
    pub(super) rows: usize,
}

impl Mark {
    /// All of a batch.
    pub(super) fn end(batch: &Batch) -> Self {
        Self { texts: batch.texts.len(), kinds: batch.kinds.len(), rows: batch.len() }
    }
}

/// Says that a new chunk of `api` begins.
pub(super) fn begin_chunk(api: Api, payload: &mut Vec<u8>) {
    payload.extend([CHUNK, number_of(api)]);
}

/// Writes what was added to a chunk since `mark`.
pub(super) fn encode(batch: &Batch, mark: Mark, payload: &mut Vec<u8>) {
    if mark.rows == batch.len() {
        return;
    }
    payload.extend([EVENTS, number_of(batch.layout.api)]);
    unsigned(batch.texts.len() - mark.texts, payload);
    for text in batch.texts.iter().skip(mark.texts) {
        unsigned(text.len(), payload);
        payload.extend(text.as_bytes());
    }
    unsigned(batch.kinds.len() - mark.kinds, payload);
    for kind in batch.kinds.iter().skip(mark.kinds) {
        payload.push(u8::from(kind.numbered == Numbered::Yes));
        kind.codes.iter().for_each(|code| code_plus_one(*code, payload));
    }
    unsigned(batch.len() - mark.rows, payload);
    let mut last = 0;
    for row in batch.rows.since(mark.rows) {
        signed(row.at.wrapping_sub(last), payload);
        last = row.at;
        unsigned(row.kind as usize, payload);
        if row.number == NO_NUMBER {
            payload.push(0);
        } else {
            payload.push(1);
            signed(row.number, payload);
        }
        row.own.iter().for_each(|code| code_plus_one(*code, payload));
        payload.extend(row.key.to_le_bytes());
    }
}

/// Applies a record. `batches` hands out the current chunk of an API, or a new one. Nothing when the
/// record makes no sense.
pub(super) fn decode(payload: &[u8], chunks: &mut impl Chunks) -> Option<()> {
    let mut rest = payload;
    while !rest.is_empty() {
        let tag = byte(&mut rest)?;
        let layout = layout_of(byte(&mut rest)?)?;
        match tag {
            CHUNK => chunks.begin(layout),
            EVENTS => events(&mut rest, chunks.current(layout))?,
            _ => return None,
        }
    }
    Some(())
}

/// Where decoded events go.
pub(super) trait Chunks {
    /// Begins a new chunk.
    fn begin(&mut self, layout: &'static Layout);
    /// The chunk that grows.
    fn current(&mut self, layout: &'static Layout) -> &mut Batch;
}

fn events(rest: &mut &[u8], batch: &mut Batch) -> Option<()> {
    for _ in 0..length(rest)? {
        let bytes = length(rest)?;
        let text = std::str::from_utf8(take(rest, bytes)?).ok()?;
        let code = batch.texts.code(text);
        if code as usize + 1 != batch.texts.len() {
            return None;
        }
    }
    for _ in 0..length(rest)? {
        let numbered = if byte(rest)? == 1 { Numbered::Yes } else { Numbered::No };
        let codes = batch.layout.kind.iter().map(|_| code_back(rest));
        let codes: Option<_> = codes.collect();
        batch.kinds.push(Kind { codes: codes?, numbered });
    }
    let mut at = 0_i64;
    for _ in 0..length(rest)? {
        at = at.wrapping_add(signed_back(rest)?);
        let kind = u32::try_from(unsigned_back(rest)?).ok()?;
        let number = if byte(rest)? == 0 { NO_NUMBER } else { signed_back(rest)? };
        let mut own = [NONE; OWN];
        for code in &mut own {
            *code = code_back(rest)?;
        }
        let key = u64::from_le_bytes(take(rest, 8)?.try_into().ok()?);
        if kind as usize >= batch.kinds.len() {
            return None;
        }
        batch.rows.push(Row { at, kind, number, own, key });
    }
    Some(())
}

const fn number_of(api: Api) -> u8 {
    match api {
        Api::Esm => 0,
        Api::Cmu => 1,
    }
}

fn layout_of(number: u8) -> Option<&'static Layout> {
    match number {
        0 => Some(&ESM),
        1 => Some(&CMU),
        _ => None,
    }
}

fn unsigned(number: usize, payload: &mut Vec<u8>) {
    varint(number as u64, payload);
}

fn signed(number: i64, payload: &mut Vec<u8>) {
    varint((number << 1 ^ number >> 63).cast_unsigned(), payload);
}

fn code_plus_one(code: u32, payload: &mut Vec<u8>) {
    varint(if code == NONE { 0 } else { u64::from(code) + 1 }, payload);
}

fn varint(mut number: u64, payload: &mut Vec<u8>) {
    while number >= 0x80 {
        payload.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    payload.push(number.to_le_bytes()[0]);
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    Some(taken)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    take(rest, 1)?.first().copied()
}

fn unsigned_back(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn signed_back(rest: &mut &[u8]) -> Option<i64> {
    let number = unsigned_back(rest)?;
    Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
}

fn code_back(rest: &mut &[u8]) -> Option<u32> {
    match unsigned_back(rest)? {
        0 => Some(NONE),
        code => u32::try_from(code - 1).ok(),
    }
}

/// A number of things that follow, each of which takes at least a byte.
fn length(rest: &mut &[u8]) -> Option<usize> {
    let length = usize::try_from(unsigned_back(rest)?).ok()?;
    (length <= rest.len()).then_some(length)
}
