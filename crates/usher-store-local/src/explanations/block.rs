//! Explanations that were filed at about the same time, kept as one: the database spends more on an entry than
//! anybody on an explanation, and what they have in common is kept once.
//!
//! **Format.** The key is the latest instant of the block (u64, big endian) and its first trace. The value is
//! compressed (LZ4, its length in front); it is, for each explanation, its trace, the length of its text
//! (u32, little endian) and the text: `MessagePack`, half the work of JSON. The instant of an explanation is
//! the one in its trace, and no block is of more than [`SPAN`], so that only few blocks can hold a trace.

use std::ops::RangeInclusive;
use std::time::Duration;

use usher_core::{Timestamp, TraceId};

/// The most time between the first and the last instant of a block. What took longer to decide comes into a
/// block of its own.
const SPAN: Duration = Duration::from_secs(1);

/// A block of so many bytes takes no more.
const BYTES_MAX: usize = 32 * 1024;

/// The longest value that is read back: a block, and one explanation more.
const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;

const TRACE_BYTES: usize = 16;

const LENGTH_BYTES: usize = 4;

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
    /// A block for what happened at the instant of `first`.
    fn new(first: TraceId) -> Self {
        let at = first.at();
        Self { first, since: at, until: at, value: Vec::with_capacity(BYTES_MAX) }
    }

    /// Puts what `write` writes of `trace` into one of `blocks`, or into a new one; nothing is kept of what
    /// fails.
    pub(super) fn add<E>(
        blocks: &mut Vec<Self>,
        trace: TraceId,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(block) = blocks.iter_mut().rev().find(|block| block.takes(trace)) {
            return block.push(trace, write);
        }
        let mut block = Self::new(trace);
        block.push(trace, write)?;
        blocks.push(block);
        Ok(())
    }

    fn takes(&self, trace: TraceId) -> bool {
        let at = trace.at();
        self.until.max(at).since(self.since.min(at)) <= SPAN && self.value.len() < BYTES_MAX
    }

    fn push<E>(
        &mut self,
        trace: TraceId,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.value.len();
        let text_at = before + TRACE_BYTES + LENGTH_BYTES;
        self.value.extend_from_slice(trace.as_bytes());
        self.value.resize(text_at, 0);
        if let Err(error) = write(&mut self.value) {
            self.value.truncate(before);
            return Err(error);
        }
        // No explanation is longer than that says: all it quotes is cut to size.
        let length = u32::try_from(self.value.len() - text_at).unwrap_or(u32::MAX);
        let place = self.value.get_mut(before + TRACE_BYTES..);
        if let Some(place) = place.and_then(<[u8]>::first_chunk_mut) {
            *place = length.to_le_bytes();
        }
        let at = trace.at();
        (self.since, self.until) = (self.since.min(at), self.until.max(at));
        Ok(())
    }

    /// Key and value.
    pub(super) fn into_entry(self) -> (Key, Vec<u8>) {
        let key = key(self.until, *self.first.as_bytes());
        (key, lz4_flex::compress_prepend_size(&self.value))
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

/// The text of `trace` in the value of a block; nothing of a value that is damaged.
pub(super) fn text_of(trace: TraceId, value: &[u8]) -> Option<Vec<u8>> {
    let (bytes, compressed) = lz4_flex::block::uncompressed_size(value).ok()?;
    let texts =
        (bytes <= VALUE_BYTES_MAX).then(|| lz4_flex::decompress(compressed, bytes).ok())??;
    let mut rest = texts.as_slice();
    loop {
        let (found, after) = rest.split_first_chunk::<TRACE_BYTES>()?;
        let (length, after) = after.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (text, after) = after.split_at_checked(length)?;
        if found == trace.as_bytes() {
            return Some(text.to_vec());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trace(at: u64, name: u8) -> TraceId {
        TraceId::from_bytes((u128::from(at) << 80 | u128::from(name)).to_be_bytes())
    }

    fn add(blocks: &mut Vec<Block>, trace: TraceId, text: &[u8]) {
        let write = |to: &mut Vec<u8>| {
            to.extend(text);
            Ok::<_, ()>(())
        };
        Block::add(blocks, trace, write).unwrap();
    }

    proptest! {
        #[test]
        fn whatever_was_filed_is_found(
            all in prop::collection::vec((0_u64..5_000, 0_usize..40_000), 0..40),
        ) {
            let named = all.into_iter().zip(0..);
            let all: Vec<_> =
                named.map(|((at, bytes), name)| (trace(at, name), vec![name; bytes])).collect();
            let mut blocks = Vec::new();
            for (trace, text) in &all {
                add(&mut blocks, *trace, text);
            }
            let entries: Vec<_> = blocks.into_iter().map(Block::into_entry).collect();
            for (trace, text) in &all {
                let near = entries.iter().filter(|(key, _)| keys(*trace).contains(key));
                let found = near.filter_map(|(_, value)| text_of(*trace, value));
                prop_assert_eq!(found.collect::<Vec<_>>(), [text.as_slice()]);
            }
        }

        #[test]
        fn damaged_blocks_hold_nothing(value: Vec<u8>) {
            prop_assert_eq!(text_of(trace(7, 7), &value), None);
        }
    }

    #[test]
    fn a_block_that_claims_to_be_huge_is_not_read() {
        let mut blocks = Vec::new();
        add(&mut blocks, trace(7, 7), b"text");
        let (_, mut value) = blocks.remove(0).into_entry();
        assert_eq!(text_of(trace(7, 7), &value).as_deref(), Some(&b"text"[..]));
        value.splice(..4, u32::MAX.to_le_bytes());
        assert_eq!(text_of(trace(7, 7), &value), None);
    }

    #[test]
    fn a_block_is_of_little_time_and_few_bytes() {
        let mut blocks = Vec::new();
        for (at, bytes) in
            [(9_000, 10), (8_000, 10), (9_001, 10), (8_500, 10), (9_002, BYTES_MAX), (9_003, 10)]
        {
            add(&mut blocks, trace(at, 1), &vec![1; bytes]);
        }
        let spans: Vec<_> =
            blocks.iter().map(|it| (it.since.as_millis(), it.until.as_millis())).collect();
        assert_eq!(spans, [(8_000, 9_000), (8_500, 9_002), (9_003, 9_003)]);
    }

    #[test]
    fn nothing_is_left_of_what_cannot_be_written() {
        let mut blocks = Vec::new();
        add(&mut blocks, trace(7, 7), b"text");
        let failing = |to: &mut Vec<u8>| {
            to.extend(b"half");
            Err("no more")
        };
        assert_eq!(Block::add(&mut blocks, trace(7, 8), failing), Err("no more"));
        add(&mut blocks, trace(7, 9), b"another");
        let (_, value) = blocks.remove(0).into_entry();
        assert_eq!(text_of(trace(7, 8), &value), None);
        assert_eq!(text_of(trace(7, 9), &value).as_deref(), Some(&b"another"[..]));
    }
}
