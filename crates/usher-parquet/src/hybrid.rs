//! The hybrid of run lengths and packed bits in which Parquet keeps levels and dictionary codes.
//!
//! Written by hand because it is what both ends of the event store spend their time on: events lie
//! sorted in their files, so that most columns are long runs, and a run costs the same whether it stands
//! for eight rows or for a million. Format: `Encodings.md` of parquet-format, "RLE = 3".

/// Values that are packed together.
const GROUP: usize = 8;

/// Codes of so many bits are packed without regard to bytes.
const NARROW: u32 = 4;

/// How many bits a code takes among `count`: what the largest needs, in whole bytes where they are wide.
///
/// Pages are compressed afterwards, and compression sees bytes: codes across them look like noise.
pub(crate) const fn width_for(count: usize) -> u32 {
    let bits = usize::BITS - count.saturating_sub(1).leading_zeros();
    if bits <= NARROW { bits } else { bits.next_multiple_of(8) }
}

/// Writes `values`, each of `width` bits, to `out`.
///
/// Where a packed group may begin, the next eight values are looked at: as runs or packed, whichever is
/// shorter. Wide codes repeat a few times only (the sessions of a viewer), and even that is a run.
pub(crate) fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut rest = values;
    let mut literals: Vec<u32> = Vec::new();
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|value| *value == first).count();
        if run >= GROUP || runs_are_shorter(rest, width) {
            pack(&mut literals, width, out);
            varint(run << 1, out);
            out.extend(first.to_le_bytes().iter().take(run_bytes(width)));
            rest = rest.get(run..).unwrap_or_default();
        } else {
            let (group, after) = rest.split_at_checked(GROUP).unwrap_or((rest, &[]));
            literals.extend(group);
            rest = after;
        }
    }
    pack(&mut literals, width, out);
}

/// Whether the next group takes less as runs than packed.
fn runs_are_shorter(values: &[u32], width: u32) -> bool {
    let group = values.get(..GROUP).unwrap_or(values);
    let runs = group.chunk_by(|left, right| left == right).count();
    runs * (1 + run_bytes(width)) < width as usize
}

/// How many bytes the value of a run takes.
const fn run_bytes(width: u32) -> usize {
    width.div_ceil(8) as usize
}

/// Writes the collected literals as one packed run, filled up with zeros.
fn pack(literals: &mut Vec<u32>, width: u32, out: &mut Vec<u8>) {
    let groups = literals.len().div_ceil(GROUP);
    if groups == 0 {
        return;
    }
    literals.resize(groups * GROUP, 0);
    varint(groups << 1 | 1, out);
    let (mut buffer, mut bits) = (0_u64, 0);
    for value in literals.drain(..) {
        buffer |= u64::from(value) << bits;
        bits += width;
        while bits >= 8 {
            out.push(low_byte(buffer));
            buffer >>= 8;
            bits -= 8;
        }
    }
}

const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// Unsigned LEB128.
fn varint(value: usize, out: &mut Vec<u8>) {
    let mut value = value as u64;
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

/// Reads `count` values of `width` bits and appends them to `out`. Nothing when `bytes` end too early
/// or make no sense; whatever they say, no more than `count` values are appended.
pub(crate) fn decode(bytes: &[u8], width: u32, count: usize, out: &mut Vec<u32>) -> Option<()> {
    if width > 32 {
        return None;
    }
    let end = out.len() + count;
    out.reserve(count);
    let mut bytes = bytes;
    while out.len() < end {
        let missing = end - out.len();
        let header = read_varint(&mut bytes)?;
        if header & 1 == 0 {
            let run = usize::try_from(header >> 1).ok()?;
            let value = take(&mut bytes, width.div_ceil(8) as usize)?;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            if run == 0 {
                return None;
            }
            out.extend(std::iter::repeat_n(value, run.min(missing)));
        } else {
            let groups = usize::try_from(header >> 1).ok()?;
            let packed = take(&mut bytes, groups.checked_mul(width as usize)?)?;
            let values = groups.checked_mul(GROUP)?;
            if values == 0 {
                return None;
            }
            unpack(packed, width, values.min(missing), out);
        }
    }
    Some(())
}

/// Appends `count` values, which `packed` is long enough for.
fn unpack(packed: &[u8], width: u32, count: usize, out: &mut Vec<u32>) {
    let mask = (1_u64 << width) - 1;
    let (mut buffer, mut bits) = (0_u64, 0);
    let mut bytes = packed.iter();
    out.extend((0..count).map(|_| {
        while bits < width {
            buffer |= u64::from(bytes.next().copied().unwrap_or_default()) << bits;
            bits += 8;
        }
        let value = buffer & mask;
        buffer >>= width;
        bits -= width;
        u32::try_from(value).unwrap_or_default()
    }));
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes, 1)? else { return None };
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(values: &[u32], width: u32) -> Option<Vec<u32>> {
        let (mut bytes, mut back) = (Vec::new(), Vec::new());
        encode(values, width, &mut bytes);
        decode(&bytes, width, values.len(), &mut back).map(|()| back)
    }

    #[test]
    fn a_code_has_as_many_bits_as_it_needs() {
        let widths = [0, 1, 2, 3, 4, 5, 16, 17, 256, 257, 65_536, 65_537].map(width_for);
        assert_eq!(widths, [0, 0, 1, 2, 2, 3, 4, 8, 8, 16, 16, 24]);
    }

    #[test]
    fn the_specification_s_example_is_packed_as_it_says() {
        let mut bytes = Vec::new();
        encode(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut bytes);
        assert_eq!(bytes, [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    #[test]
    fn a_million_equal_values_take_five_bytes() {
        let mut bytes = Vec::new();
        encode(&vec![300; 1_000_000], 9, &mut bytes);
        assert_eq!(bytes.len(), 5);
    }

    #[test]
    fn short_runs_of_wide_values_are_runs() {
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        let values: Vec<_> = (0..12_u32).flat_map(|code| [code; 3]).collect();
        encode(&values, 16, &mut wide);
        assert_eq!(wide.len(), 12 * 3);
        encode(&values, 4, &mut narrow);
        assert_eq!(narrow.len(), 1 + 5 * 4, "36 values packed to 4 bits");
    }

    #[test]
    fn nonsense_is_no_values() {
        let decoded = |bytes: &[u8], width, count| {
            let mut out = Vec::new();
            decode(bytes, width, count, &mut out).map(|()| out)
        };
        assert_eq!(decoded(&[], 3, 1), None);
        assert_eq!(decoded(&[], 3, 0), Some(vec![]));
        assert_eq!(decoded(&[0, 5], 3, 1), None, "a run of nothing");
        assert_eq!(decoded(&[1], 3, 1), None, "a packed run of nothing");
        assert_eq!(decoded(&[3, 1], 3, 8), None, "half a group");
        assert_eq!(decoded(&[0xff; 11], 3, 8), None, "a length without end");
        assert_eq!(decoded(&[2, 5], 33, 1), None, "values too wide");
        assert_eq!(
            decoded(&[0xfe, 0xff, 0x03, 5], 3, 2),
            Some(vec![5, 5]),
            "a run that is too long"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            runs in prop::collection::vec((0_u32..40, 1_usize..30), 0..60),
            extra in 0_u32..10,
        ) {
            let values: Vec<_> =
                runs.iter().flat_map(|(value, run)| std::iter::repeat_n(*value, *run)).collect();
            prop_assert_eq!(through(&values, width_for(40) + extra), Some(values));
        }

        #[test]
        fn wide_values_survive(values in prop::collection::vec(any::<u32>(), 0..40)) {
            prop_assert_eq!(through(&values, 32), Some(values));
        }

        #[test]
        fn any_bytes_end_in_values_or_nothing(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            width in 0_u32..33,
            count in 0_usize..200,
        ) {
            let mut out = Vec::new();
            let read = decode(&bytes, width, count, &mut out);
            prop_assert!(out.len() <= count);
            prop_assert_eq!(read.is_some(), out.len() == count);
        }
    }
}
