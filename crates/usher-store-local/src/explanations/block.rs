//! Explanations that were filed at about the same time, kept as one: the database spends more on an entry than
//! anybody on an explanation.
//!
//! **Format.** The key is the latest instant of the block (u64, big endian) and its first trace. The value is,
//! for each explanation, its trace, the length of its text (u32, little endian) and the text: `MessagePack`,
//! half the work of JSON. The instant of an explanation is the one in its trace, and no block is of more
//! than [`SPAN`], so that only few blocks can hold a trace.

use std::ops::RangeInclusive;
use std::time::Duration;

use usher_core::{Timestamp, TraceId};

/// An explanation as it is kept.
pub(super) struct Filed {
    pub(super) trace: TraceId,
    pub(super) text: Vec<u8>,
}

/// The most time between the first and the last instant of a block. What took longer to decide comes into a
/// block of its own.
const SPAN: Duration = Duration::from_secs(1);

/// What a block takes, in bytes; a longer explanation is alone in its block.
const BYTES_MAX: usize = 128 * 1024;

const TRACE_BYTES: usize = 16;

/// A block's key.
pub(super) type Key = [u8; 8 + TRACE_BYTES];

/// A block that grows.
pub(super) struct Block {
    first: TraceId,
    since: Timestamp,
    until: Timestamp,
    value: Vec<u8>,
}

impl Block {
    /// A block that begins with `filed`.
    fn new(filed: &Filed) -> Self {
        let at = filed.trace.at();
        let mut block = Self { first: filed.trace, since: at, until: at, value: Vec::new() };
        block.push(filed);
        block
    }

    /// Puts `filed` into one of `blocks`, or into a new one.
    pub(super) fn add(blocks: &mut Vec<Self>, filed: &Filed) {
        match blocks.iter_mut().rev().find(|block| block.takes(filed)) {
            Some(block) => block.push(filed),
            None => blocks.push(Self::new(filed)),
        }
    }

    fn takes(&self, filed: &Filed) -> bool {
        let at = filed.trace.at();
        self.until.max(at).since(self.since.min(at)) <= SPAN
            && self.value.len() + filed.text.len() <= BYTES_MAX
    }

    fn push(&mut self, filed: &Filed) {
        // No explanation is as long as that: all it quotes is cut to size.
        let Ok(length) = u32::try_from(filed.text.len()) else { return };
        let at = filed.trace.at();
        (self.since, self.until) = (self.since.min(at), self.until.max(at));
        self.value.extend_from_slice(filed.trace.as_bytes());
        self.value.extend_from_slice(&length.to_le_bytes());
        self.value.extend_from_slice(&filed.text);
    }

    /// Key and value.
    pub(super) fn into_entry(self) -> (Key, Vec<u8>) {
        (key(self.until, *self.first.as_bytes()), self.value)
    }
}

fn key(until: Timestamp, first: [u8; TRACE_BYTES]) -> Key {
    let mut key = [0; 8 + TRACE_BYTES];
    let millis = u64::try_from(until.as_millis()).unwrap_or(0);
    let parts = millis.to_be_bytes().into_iter().chain(first);
    key.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    key
}

/// The keys of all blocks that may hold `trace`.
pub(super) fn keys(trace: TraceId) -> RangeInclusive<Key> {
    let at = trace.at();
    key(at, [0; TRACE_BYTES])..=key(at + SPAN, [u8::MAX; TRACE_BYTES])
}

/// The text of `trace` in the value of a block.
pub(super) fn text_of(trace: TraceId, mut value: &[u8]) -> Option<&[u8]> {
    loop {
        let (found, rest) = value.split_first_chunk::<TRACE_BYTES>()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (text, rest) =
            rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        if found == trace.as_bytes() {
            return Some(text);
        }
        value = rest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filed(at: u64, name: u8, bytes: usize) -> Filed {
        let trace = u128::from(at) << 80 | u128::from(name);
        Filed { trace: TraceId::from_bytes(trace.to_be_bytes()), text: vec![name; bytes] }
    }

    proptest! {
        #[test]
        fn whatever_was_filed_is_found(
            all in prop::collection::vec((0_u64..5_000, 0_usize..40_000), 0..40),
        ) {
            let named = all.into_iter().zip(0..);
            let all: Vec<_> = named.map(|((at, bytes), name)| filed(at, name, bytes)).collect();
            let mut blocks = Vec::new();
            for filed in &all {
                Block::add(&mut blocks, filed);
            }
            let entries: Vec<_> = blocks.into_iter().map(Block::into_entry).collect();
            for filed in &all {
                let near = entries.iter().filter(|(key, _)| keys(filed.trace).contains(key));
                let found = near.filter_map(|(_, value)| text_of(filed.trace, value));
                prop_assert_eq!(found.collect::<Vec<_>>(), [filed.text.as_slice()]);
            }
        }

        #[test]
        fn damaged_blocks_hold_nothing(value: Vec<u8>) {
            let text = text_of(filed(7, 7, 0).trace, &value);
            prop_assert!(text.is_none_or(|text| text.len() + TRACE_BYTES + 4 <= value.len()));
        }
    }

    #[test]
    fn a_block_is_of_little_time_and_few_bytes() {
        let mut blocks = Vec::new();
        for (at, bytes) in [(9_000, 10), (8_000, 10), (9_001, 10), (8_500, 10), (8_600, BYTES_MAX)]
        {
            Block::add(&mut blocks, &filed(at, 1, bytes));
        }
        let spans: Vec<_> =
            blocks.iter().map(|it| (it.since.as_millis(), it.until.as_millis())).collect();
        assert_eq!(spans, [(8_000, 9_000), (8_500, 9_001), (8_600, 8_600)]);
    }
}
